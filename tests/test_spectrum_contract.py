"""The contract of eigh, eigvalsh, label_spectrum and tridiagonal_spectrum, for every LAPACK here.

The measure is LAPACK's own: errors over n u |A|, u the unit roundoff, below 30.
"""

import mpmath
import numpy as np
import pytest

from bounds import unit_roundoff
from cases import SPECTRA, symmetric
from lapacks import WAYS, every_lapack, every_way, use
from pyntk.backends import lapack_two_stage
from pyntk.backends.lapack_library import call

L = np.longdouble
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["f4", "f8"])
every_kind = pytest.mark.parametrize("kind", SPECTRA)


def norm(A):
    return np.abs(A).sum(1).max()


def assert_ratios(A, w, V):
    """|A V' - V' diag(w)| <= 30 n u |A|, |V V' - I| <= 30 n u: the rows are the eigenvectors."""
    units = 30 * len(A) * unit_roundoff(A.dtype)
    A, w, V = A.astype(L), w.astype(L), V.astype(L)
    assert norm(A @ V.T - V.T * w) <= units * norm(A)
    assert norm(V @ V.T - np.eye(len(V))) <= units


@pytest.mark.parametrize("n", [0, 1, 2, 33, 90])
@every_kind
@every_lapack
@both_dtypes
def test_eigh(lapack, library, dtype, kind, n, monkeypatch):
    use(monkeypatch, library)
    A = symmetric(kind, n, dtype)
    inputs = {"A": np.tril(A), "first": 0}  # the other triangle is not read
    w, V = lapack.run("eigh", inputs, {"w": ((n,), dtype), "V": ((n, n), dtype)})
    assert not np.isnan(w).any()
    assert (np.diff(w) >= 0).all()
    if n == 0:
        return
    assert_ratios(A, w, V)
    A, V = A.astype(L), V.astype(L)
    assert norm(A - (V.T * w) @ V) <= 30 * n * unit_roundoff(dtype) * norm(A)


@pytest.mark.parametrize(
    ("first", "k"), [(0, 1), (59, 1), (0, 7), (53, 7), (20, 7), (10, 16), (1, 59)]
)
@every_kind
@every_lapack
@both_dtypes
def test_eigh_of_a_range(lapack, library, dtype, kind, first, k, monkeypatch):
    """An eighth and less by inverse iteration, more by divide and conquer."""
    use(monkeypatch, library)
    A = symmetric(kind, 60, dtype)
    (every,) = lapack.run("eigvalsh", {"A": A.copy()}, {"w": ((60,), dtype)})
    outputs = {"w": ((k,), dtype), "V": ((k, 60), dtype)}
    w, V = lapack.run("eigh", {"A": np.tril(A), "first": first}, outputs)
    assert_ratios(A, w, V)
    tolerance = 30 * 60 * unit_roundoff(dtype) * norm(A.astype(L))
    assert (np.abs(w.astype(L) - every[first : first + k]) <= tolerance).all()


@pytest.mark.parametrize("n", [0, 1, 2, 33, 90])
@every_kind
@every_way
@both_dtypes
def test_eigvalsh(lapack, way, dtype, kind, n, monkeypatch):
    use(monkeypatch, *way)
    A = symmetric(kind, n, dtype)
    (w,) = lapack.run("eigvalsh", {"A": np.tril(A)}, {"w": ((n,), dtype)})
    assert (np.diff(w) >= 0).all()
    if n == 0:
        return
    scale = L(np.abs(A).max() or 1)
    exact = np.linalg.eigvalsh((A / scale).astype(np.float64)) * scale
    # NumPy's float64 eigenvalues have an error of their own.
    tolerance = 30 * n * (unit_roundoff(dtype) + unit_roundoff(np.float64)) * norm(A.astype(L))
    assert (np.abs(w.astype(L) - exact) <= tolerance).all()


@pytest.mark.parametrize("labels", [0, 1, 3])
@pytest.mark.parametrize("n", [0, 1, 2, 33, 90])
@every_kind
@every_way
@both_dtypes
def test_label_spectrum(lapack, way, dtype, kind, n, labels, monkeypatch):
    """The exact answer for a matrix within 30 n u |A|: it changes the moments y' A^p y by so much.

    In a cluster only the sum of projections is determined; the moments do not see the difference.
    """
    use(monkeypatch, *way)
    A = symmetric(kind, n, dtype)
    Y = np.random.default_rng(5).standard_normal((labels, n)).astype(dtype)
    outputs = {"w": ((n,), dtype), "P": ((labels, n), dtype)}
    w, P = lapack.run("label_spectrum", {"A": np.tril(A), "Y": Y}, outputs)
    assert not np.isnan(w).any()
    assert (np.diff(w) >= 0).all()
    assert (P >= 0).all()
    units = 30 * n * unit_roundoff(dtype)
    if n == 0:
        return
    A, Y, w, P = A.astype(L), Y.astype(L), w.astype(L), P.astype(L)
    squares, power = (Y**2).sum(1), Y
    for p in range(4):
        moments = (Y * power).sum(1)
        tolerance = (p + 1) * units * norm(A) ** p * squares
        assert (np.abs((P * w**p).sum(1) - moments) <= tolerance).all(), p
        power = power @ A


@every_way
@both_dtypes
def test_each_projection(lapack, way, dtype, monkeypatch):
    """Eigenvalues with gaps g: v.y is off by |y| |E| / g, beside mpmath's eigenvectors."""
    use(monkeypatch, *way)
    n = 14
    A = symmetric("random", n, dtype)
    y = np.random.default_rng(5).standard_normal((1, n)).astype(dtype)
    outputs = {"w": ((n,), dtype), "P": ((1, n), dtype)}
    _, P = lapack.run("label_spectrum", {"A": A.copy(), "Y": y}, outputs)
    with mpmath.workdps(40):
        exact, Q = mpmath.eigsy(mpmath.matrix(A.astype(float).tolist()))
        order = sorted(range(n), key=lambda k: exact[k])
        products = np.array(
            [float(sum(float(y[0, i]) * Q[i, k] for i in range(n))) for k in order], L
        )
        values = np.array([float(exact[k]) for k in order])
    gaps = np.min(np.abs(values[:, None] - values) + np.where(np.eye(n), np.inf, 0), axis=1)
    length = np.sqrt((y.astype(L) ** 2).sum())
    error = 30 * n * unit_roundoff(dtype) * norm(A.astype(L)) * length / gaps
    assert (np.abs(P[0] - products**2) <= 2 * np.abs(products) * error + error**2).all()


@pytest.mark.parametrize("library", [name for name, stages in WAYS if stages == "two stages"])
def test_a_reduction_that_moves_the_first_coordinate_is_refused(library, monkeypatch):
    """As one would that worked from the other end."""
    use(monkeypatch, library, "two stages")

    def from_the_end(routine, dtype, job, triangle, n, A, *rest):
        if rest[-1] != -1:
            A[:] = A[::-1, ::-1].T
        return call(routine, dtype, job, triangle, n, A, *rest)

    A = symmetric("random", 40, np.float64)
    assert np.isfinite(lapack_two_stage.reduce(A.copy())[0]).all()
    monkeypatch.setattr(lapack_two_stage, "call", from_the_end)
    with pytest.raises(RuntimeError, match="does not keep the first coordinate"):
        lapack_two_stage.reduce(A)


@pytest.fixture
def ql(backend):
    """The QL iteration of a backend, which runs on the CPU alone."""
    from pyntk.dispatch import load

    def run(d, e, Y):
        w, Z = np.full(len(d), np.nan), np.full(Y.shape, np.nan)
        given = [np.array(array) for array in (d, e, Y)]
        load(backend).tridiagonal_spectrum(d=d, e=e, Y=Y, w=w, Z=Z)
        assert all((a == b).all() for a, b in zip(given, (d, e, Y), strict=True))
        return w, Z

    return run


U = 2.0**-53


@pytest.mark.parametrize("n", [1, 2, 3, 50, 300])
def test_tridiagonal_spectrum_of_second_differences(ql, n):
    """d = 2, e = -1: w_k = 4 sin^2(a/2), v_k(i) ~ sin(i a), a = k pi / (n + 1)."""
    i = np.arange(1, n + 1)
    w, Z = ql(np.full(n, 2.0), np.full(n - 1, -1.0), np.eye(n))
    assert np.abs(w - 4 * np.sin(i * np.pi / (n + 1) / 2) ** 2).max() <= 30 * n * U
    V = np.sqrt(2 / (n + 1)) * np.sin(np.outer(i, i) * np.pi / (n + 1))
    gap = 4 * np.sin(np.pi / (n + 1) / 2) ** 2  # the smallest, at either end
    assert np.abs(np.abs(Z) - np.abs(V)).max() <= 30 * n * U * 4 / gap


@pytest.mark.parametrize("n", [5, 40])
def test_tridiagonal_spectrum_gives_gauss_quadrature(ql, n):
    """Golub and Welsch: nodes and weights for Legendre's polynomials, e_k = k / sqrt(4 k^2 - 1)."""
    k = np.arange(1, n)
    w, Z = ql(np.zeros(n), k / np.sqrt(4.0 * k**2 - 1), np.eye(n)[:1])
    nodes, weights = np.polynomial.legendre.leggauss(n)
    assert np.abs(w - nodes).max() <= 30 * n * U
    assert np.abs(2 * Z[0] ** 2 / weights - 1).max() <= 30 * n * U * n


@pytest.mark.parametrize("upwards", [True, False])
def test_graded_entries_keep_their_digits(ql, upwards):
    """T = D S D, S close to I: each eigenvalue to n u |S - I| of itself, each v.e_i likewise."""
    n = 12
    scale = 10.0 ** -np.arange(0, 2 * n, 2)[:: -1 if upwards else 1]
    d, e = scale**2, 0.1 * scale[1:] * scale[:-1]
    w, Z = ql(d, e, np.eye(n))
    with mpmath.workdps(120):
        T = mpmath.diag(d.tolist())
        for i in range(n - 1):
            T[i, i + 1] = T[i + 1, i] = mpmath.mpf(e[i])
        exact, Q = mpmath.eigsy(T)
        order = sorted(range(n), key=lambda k: exact[k])
        errors = [abs(mpmath.mpf(w[j]) / exact[k] - 1) for j, k in enumerate(order)]
        largest = [float(max(abs(Q[i, k]) for i in range(n))) for k in order]
    assert max(errors) <= 30 * n * U
    np.testing.assert_allclose(np.abs(Z).max(0), largest, rtol=30 * n * U)


@pytest.mark.parametrize("exponent", [-1070, -1000, 0, 1000])
def test_huge_and_tiny_entries(ql, exponent):
    """Scaling by a power of two scales the eigenvalues and changes no product, to the bit."""
    rng = np.random.default_rng(3)
    d, e = rng.integers(-8, 8, 20).astype(float), rng.integers(1, 8, 19).astype(float)
    Y = rng.standard_normal((2, 20))
    w, Z = ql(d, e, Y)
    scaled, rows = ql(np.ldexp(d, exponent), np.ldexp(e, exponent), Y)
    assert (scaled == np.ldexp(w, exponent)).all()
    assert (rows == Z).all()


def test_tridiagonal_spectrum_of_special_matrices(ql):
    """Zero, diagonal, split into blocks, and with eigenvalues of opposite sign."""
    Y = np.arange(1.0, 13).reshape(2, 6)
    w, Z = ql(np.zeros(6), np.zeros(5), Y)
    assert (w == 0).all()
    assert (Z == Y).all()
    w, Z = ql(np.array([3.0, 1, 2, 6, 5, 4]), np.zeros(5), Y)
    assert (w == np.arange(1, 7)).all()
    assert (Y[:, [1, 2, 0, 5, 4, 3]] == Z).all()
    w, Z = ql(np.zeros(6), np.array([1.0, 0, 1, 0, 1]), Y)  # three blocks (0 1; 1 0)
    np.testing.assert_allclose(w, [-1, -1, -1, 1, 1, 1], rtol=8 * U)
    np.testing.assert_allclose((Z**2).sum(1), (Y**2).sum(1), rtol=30 * 6 * U)
    assert ql(np.zeros(0), np.zeros(0), np.zeros((1, 0)))[0].shape == (0,)
