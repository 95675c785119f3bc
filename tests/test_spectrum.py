"""eigh, eigvalsh and label_spectrum as the user sees them."""

import threading

import numpy as np
import pytest

import pyntk
from bounds import unit_roundoff
from lapacks import every_way, use
from pyntk.linalg import spectrum
from pyntk.linalg.interruptible import interruptible

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def gram(n, dtype=np.float64):
    return pyntk.ntk_gram(np.random.default_rng(0).standard_normal((n, 8)).astype(dtype))


@both_dtypes
def test_eigenpairs(backend, dtype):
    H = gram(60, dtype)
    before = H.copy()
    values, vectors = pyntk.eigh(H, backend=backend)
    assert (before == H).all()
    assert values.shape == (60,)
    assert values.dtype == vectors.dtype == dtype
    assert (np.diff(values) >= 0).all()
    scale = np.abs(values).max() * np.finfo(dtype).eps * 60
    assert np.abs(H @ vectors - vectors * values).max() < scale
    assert np.abs(vectors.T @ vectors - np.eye(60)).max() < 60 * np.finfo(dtype).eps
    assert np.abs(pyntk.eigvalsh(H, backend=backend) - values).max() < scale


def test_only_the_lower_triangle_is_read(backend):
    H = np.array([[2.0, 777.0], [1.0, 2.0]])
    np.testing.assert_allclose(pyntk.eigh(H, backend=backend)[0], [1, 3], rtol=1e-15)
    np.testing.assert_allclose(pyntk.eigvalsh(H, backend=backend), [1, 3], rtol=1e-15)
    found = pyntk.label_spectrum(H, [3, 1], backend=backend)
    np.testing.assert_allclose(found.eigenvalues, [1, 3], rtol=1e-15)
    np.testing.assert_allclose(found.projections, [2, 8], rtol=1e-14)


def test_small_matrices(backend):
    empty = np.zeros((0, 0))
    values, vectors = pyntk.eigh(empty, backend=backend)
    assert values.shape == (0,)
    assert vectors.shape == (0, 0)
    assert pyntk.eigvalsh(empty, backend=backend).shape == (0,)
    assert pyntk.label_spectrum(empty, [], backend=backend).projections.shape == (0,)
    several = pyntk.label_spectrum(empty, np.zeros((0, 3)), backend=backend)
    assert several.projections.shape == (0, 3)
    values, vectors = pyntk.eigh([[5.0]], backend=backend)
    assert values == [5]
    assert abs(vectors) == [[1]]
    assert pyntk.label_spectrum([[5.0]], [3], backend=backend).projections == [9]


def test_duplicate_rows_give_a_zero_eigenvalue(backend):
    X = np.random.default_rng(0).standard_normal((10, 4))
    H = pyntk.ntk_gram(np.concatenate([X, X[:1]]), backend=backend)
    assert abs(pyntk.eigh(H, backend=backend)[0][0]) < 1e-14


@pytest.mark.parametrize(
    ("subset", "lo", "hi"),
    [
        ((0, 3), 0, 3), ((90, 97), 90, 97), ((5, 80), 5, 80), ((0, 97), 0, 97), ((9, 9), 9, 9),
        (slice(-4, None), 93, 97), (slice(None, 2), 0, 2), (slice(7, 3), 7, 7), (None, 0, 97),
    ],
)  # fmt: skip
def test_subset(backend, subset, lo, hi):
    H = gram(97)
    values, vectors = pyntk.eigh(H, subset=subset, backend=backend)
    every = np.linalg.eigvalsh(H)
    error = 30 * 97 * unit_roundoff(np.float64) * every[-1]
    assert values.shape == (hi - lo,)
    assert vectors.shape == (97, hi - lo)
    assert np.abs(values - every[lo:hi]).max(initial=0) <= error
    assert np.abs(H @ vectors - vectors * values).max(initial=0) <= error
    assert np.abs(pyntk.eigvalsh(H, subset=subset, backend=backend) - every[lo:hi]).max(
        initial=0
    ) <= error  # fmt: skip


@pytest.mark.parametrize("subset", [(0, 98), (-1, 3), (5, 4)])
def test_subset_out_of_range(subset):
    with pytest.raises(ValueError, match="0 <= lo <= hi <= n = 97, not"):
        pyntk.eigh(np.eye(97), subset=subset)


@pytest.mark.parametrize("subset", [3, (1, 2, 3), (0.5, 2), "ab", {1: 2}])
def test_subset_of_another_type(subset):
    with pytest.raises(TypeError, match=r"subset must be \(lo, hi\) or a slice, not"):
        pyntk.eigvalsh(np.eye(9), subset=subset)


def test_subset_with_a_step():
    with pytest.raises(ValueError, match="a slice without a step"):
        pyntk.eigh(np.eye(9), subset=slice(0, 9, 2))


@pytest.mark.parametrize("subset", [None, (0, 3), (0, 50)])
@both_dtypes
def test_overwrite(backend, dtype, subset):
    """The same bits, and H is only kept without it."""
    H = gram(80, dtype)
    y = H[0].copy()
    for call in (
        lambda H, **how: pyntk.eigh(H, subset=subset, **how),
        lambda H, **how: (pyntk.eigvalsh(H, **how),),
        lambda H, **how: pyntk.label_spectrum(H, y, **how),
    ):
        kept = call(H, backend=backend)
        work = H.copy()
        found = call(work, overwrite=True, backend=backend)
        assert all((a == b).all() for a, b in zip(kept, found, strict=True))
        assert (work != H).any()
    assert (gram(80, dtype) == H).all()


def test_overwrite_what_cannot_be():
    H = gram(9)
    H.flags.writeable = False
    with pytest.raises(ValueError, match="H is read-only, and overwrite=True"):
        pyntk.eigh(H, overwrite=True)
    integers = np.arange(9).reshape(3, 3) + np.arange(9).reshape(3, 3).T
    before = integers.copy()
    pyntk.eigh(integers, overwrite=True)  # its float64 copy was
    assert (integers == before).all()


def test_layouts_give_the_same_bits(backend, tmp_path):
    """Promise 20."""
    H, y = gram(50), np.random.default_rng(1).standard_normal((50, 2))
    wide = np.zeros((100, 150))
    wide[::2, ::3] = H
    mapped = np.memmap(tmp_path / "H", np.float64, "w+", shape=(50, 50))
    mapped[:] = H
    expected = [*pyntk.eigh(H), *pyntk.label_spectrum(H, y)]
    for other in (wide[::2, ::3], np.asfortranarray(H), H.astype(">f8"), mapped, H.tolist()):
        found = [*pyntk.eigh(other), *pyntk.label_spectrum(other, np.asfortranarray(y))]
        assert all((a == b).all() for a, b in zip(found, expected, strict=True))
    assert (mapped == H).all()


@every_way
@both_dtypes
def test_label_spectrum_beside_eigh(backend, way, dtype, monkeypatch):
    """The measure of y is the same where eigenvalues are apart, and in sum."""
    use(monkeypatch, *way)
    n = 200
    H = gram(n, dtype)
    y = np.sign(np.random.default_rng(2).standard_normal(n)).astype(dtype)
    found = pyntk.label_spectrum(H, y, backend=backend)
    values, vectors = np.linalg.eigh(H.astype(float))
    error = 30 * n * unit_roundoff(dtype) * values[-1]
    assert found.eigenvalues.dtype == found.projections.dtype == dtype
    assert np.abs(found.eigenvalues - values).max() <= error
    assert abs(found.projections.sum() / n - 1) <= 30 * n * unit_roundoff(dtype)
    gaps = np.minimum(np.diff(values, prepend=-np.inf), np.diff(values, append=np.inf))
    products = vectors.T @ y
    turned = np.sqrt(n) * error / gaps
    tolerance = 2 * np.abs(products) * turned + turned**2
    assert (np.abs(found.projections - products**2) <= tolerance).all()
    assert (tolerance < 0.01 * n).sum() > 10  # and this says something
    solution = np.linalg.solve(H.astype(float), y)
    ratio = (found.projections / found.eigenvalues).sum() / (y @ solution)
    assert abs(ratio - 1) <= error / values[0]


@pytest.mark.parametrize("frequency", [0, 1, 2, 7])
@every_way
def test_waves_on_the_circle(backend, way, frequency, monkeypatch):
    """Equally spaced points: H is circulant, and cos(j theta) an eigenvector."""
    use(monkeypatch, *way)
    n = 64
    theta = 2 * np.pi * np.arange(n) / n
    H = pyntk.ntk_gram(np.stack([np.cos(theta), np.sin(theta)], 1), backend=backend)
    y = np.cos(frequency * theta)
    found = pyntk.label_spectrum(H, y, backend=backend)
    units = 30 * n * unit_roundoff(np.float64)
    error = units * float(np.abs(H).sum(1).max())
    distance = np.abs(found.eigenvalues - H[0] @ y)  # (H y)_0 = lambda y_0
    near = distance <= error
    assert abs(found.projections[near].sum() / (y @ y) - 1) <= units
    assert (found.projections[~near] <= (error / distance[~near]) ** 2 * (y @ y)).all()


@every_way
@both_dtypes
def test_labels_that_the_kernel_cannot_tell_apart(backend, way, dtype, monkeypatch):
    """y = e_0 - e_1 where rows 0 and 1 are the same: H y = 0."""
    use(monkeypatch, *way)
    X = np.random.default_rng(0).standard_normal((60, 90)).astype(dtype)
    X[1] = X[0]
    y = np.zeros(60, dtype)
    y[:2] = 1, -1
    found = pyntk.label_spectrum(pyntk.ntk_gram(X, backend=backend), y, backend=backend)
    units = 30 * 60 * unit_roundoff(dtype)
    assert abs(found.eigenvalues[0]) <= units * found.eigenvalues[-1]
    assert abs(found.projections[0] / 2 - 1) <= units
    weighed = (found.projections[1:].astype(float) * found.eigenvalues[1:]).sum()
    assert weighed <= 2 * units * found.eigenvalues[-1]


def test_several_labels_at_once(backend):
    H, Y = gram(40), np.random.default_rng(3).standard_normal((40, 5))
    every = pyntk.label_spectrum(H, Y, backend=backend)
    assert every.projections.shape == (40, 5)
    np.testing.assert_allclose(every.projections.sum(0), (Y**2).sum(0), rtol=1e-13)
    for j in range(5):
        alone = pyntk.label_spectrum(H, Y[:, j], backend=backend)
        assert alone.projections.shape == (40,)
        np.testing.assert_allclose(every.projections[:, j], alone.projections, rtol=0, atol=1e-11)
    assert pyntk.label_spectrum(H, Y[:, :0], backend=backend).projections.shape == (40, 0)


def test_labels_of_a_subspace(backend):
    """A label that is an eigenvector has one projection; the zero label none."""
    H = gram(30)
    _, vectors = pyntk.eigh(H, backend=backend)
    found = pyntk.label_spectrum(H, np.stack([3 * vectors[:, 4], np.zeros(30)], 1), backend=backend)
    expected = np.zeros((30, 2))
    expected[4, 0] = 9
    np.testing.assert_allclose(found.projections, expected, rtol=0, atol=1e-11)
    zero = pyntk.label_spectrum(H, np.zeros(30), backend=backend)
    assert (zero.projections == 0).all()


def test_integer_labels_do_not_decide_the_precision():
    H = gram(20, np.float32)
    y = np.sign(np.arange(20) - 9.5)
    assert pyntk.label_spectrum(H, y.astype(int)).projections.dtype == np.float32
    assert pyntk.label_spectrum(H, y).projections.dtype == np.float64
    assert pyntk.label_spectrum(H, np.arange(20) * 10**9 + 1).projections.dtype == np.float64


def test_label_spectrum_arguments():
    H = np.eye(5)
    with pytest.raises(ValueError, match=r"y must have shape \(n,\) with n = 5 as in H"):
        pyntk.label_spectrum(H, np.ones(4))
    with pytest.raises(ValueError, match=r"y\[3\] is nan"):
        pyntk.label_spectrum(H, [0, 0, 0, np.nan, 0])
    with pytest.raises(ValueError, match=r"y must have shape \(n, labels\)"):
        pyntk.label_spectrum(H, np.ones((5, 1, 1)))
    with pytest.raises(ValueError, match=r"H\[1, 0\] is inf"):
        pyntk.label_spectrum([[1, 0], [np.inf, 1]], np.ones(2))
    with pytest.raises(TypeError, match="y must be an array, not None"):
        pyntk.label_spectrum(H, None)
    with pytest.raises(TypeError, match="unexpected keyword"):
        pyntk.label_spectrum(H, np.ones(5), subset=(0, 2))


def test_memory_is_asked_for_before_it_is_taken(monkeypatch):
    monkeypatch.setattr(pyntk.memory, "host_available", lambda: (2**26, "test"))
    H = np.eye(3000)
    for call, name in [
        (lambda: pyntk.eigh(H), "eigh"),
        (lambda: pyntk.eigh(H, subset=(0, 1)), "eigh"),
        (lambda: pyntk.eigvalsh(H), "eigvalsh"),
        (lambda: pyntk.label_spectrum(H, H[0]), "label_spectrum"),
    ]:
        with pytest.raises(MemoryError, match=rf"{name} needs \d+ bytes .* 67108864 bytes .*test"):
            call()


def test_no_convergence_is_an_error(monkeypatch):
    """Of the QL iteration, which no finite matrix is known to make fail."""
    from pyntk.backends import cpu, lapack_tridiagonal

    def fail(*, w, **rest):
        w[:] = np.nan

    monkeypatch.setattr(
        cpu, "label_spectrum", lambda **how: lapack_tridiagonal.label_spectrum(fail, **how)
    )
    with pytest.raises(np.linalg.LinAlgError, match="did not converge"):
        pyntk.label_spectrum(np.eye(4), np.ones(4), backend="cpu")


def test_work_in_the_memory_of_the_user_is_not_left_to_a_thread(monkeypatch):
    """After Ctrl-C a thread would still write to it."""
    threads = []
    monkeypatch.setattr(
        spectrum, "kernel", lambda name, backend: lambda **how: threads.append(
            threading.current_thread().name
        )
    )  # fmt: skip
    pyntk.eigvalsh(np.eye(3), overwrite=True)
    pyntk.eigvalsh(np.eye(3))
    assert threads == [threading.current_thread().name, "pyntk-lapack"]


def test_an_error_comes_back_from_the_thread():
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0)
