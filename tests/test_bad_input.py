"""What each bad input gets: a clear error that names the argument, before anything is computed."""

import ml_dtypes
import numpy as np
import pytest

import pyntk

X = np.random.default_rng(0).standard_normal((6, 4))
W = np.random.default_rng(1).standard_normal((5, 4))
A = np.ones(5)
Y = np.ones(6)

CALLS = {
    "ntk_gram X": ("X", lambda X, **how: pyntk.ntk_gram(X, **how)),
    "ntk_gram Z": ("Z", lambda Z, **how: pyntk.ntk_gram(X, Z, **how)),
    "finite_width_gram X": ("X", lambda X, **how: pyntk.finite_width_gram(X, W, **how)),
    "finite_width_gram W": ("W", lambda W, **how: pyntk.finite_width_gram(X, W, **how)),
    "TwoLayer W": ("W", lambda W, **how: pyntk.TwoLayer(W, A, **how)),
    "forward X": ("X", lambda X, **how: pyntk.TwoLayer(W, A, **how).forward(X)),
    "loss_and_gradient X": (
        "X",
        lambda X, **how: pyntk.TwoLayer(W, A, **how).loss_and_gradient(X, Y),
    ),
}
GOOD = {"X": X, "Z": X[:3], "W": W}

every_call = pytest.mark.parametrize(("name", "call"), CALLS.values(), ids=CALLS)


@every_call
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite(backend, name, call, bad):
    array = GOOD[name].copy()
    array[2, 3] = bad
    with pytest.raises(ValueError, match=rf"{name}\[2, 3\] is {bad}"):
        call(array, backend=backend)


@every_call
def test_shapes(backend, name, call):
    good = GOOD[name]
    with pytest.raises(ValueError, match=rf"{name} must have shape .*\[None, :\]"):
        call(good[0], backend=backend)
    with pytest.raises(ValueError, match=f"{name} must have shape .* has 3 dimension"):
        call(good[None], backend=backend)
    with pytest.raises(ValueError, match="d >= 1"):
        call(good[:, :0], backend=backend) if name == "X" else pyntk.ntk_gram(good[:, :0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: pyntk.ntk_gram(X, X[:, :3]),
        lambda: pyntk.finite_width_gram(X, W[:, :3]),
        lambda: pyntk.TwoLayer(W, A).forward(X[:, :3]),
    ],
)
def test_lengths_that_differ_name_both(call):
    with pytest.raises(ValueError, match=r"d = (3|4) as in .*d = (3|4)"):
        call()


@every_call
@pytest.mark.parametrize(
    "bad",
    [
        "text",
        [["a", "b"]],
        np.ones((6, 4), complex),
        np.ones((6, 4), object),
        np.ones((6, 4), np.longdouble),
        np.zeros((6, 4), "datetime64[s]"),
        np.ma.masked_array(X, X > 0),
    ],
    ids=lambda bad: type(bad).__name__ + str(getattr(bad, "dtype", "")),
)
def test_no_real_array(name, call, bad):
    with pytest.raises(TypeError, match=name):
        call(bad)


def test_none():
    for call in (pyntk.ntk_gram, lambda X: pyntk.finite_width_gram(X, W), pyntk.eigh):
        with pytest.raises(TypeError, match=r"(X|H) must be an array, not None"):
            call(None)


def test_ragged_list():
    with pytest.raises(ValueError, match="X is no array"):
        pyntk.ntk_gram([[1.0, 2.0], [3.0]])


def test_integers_beyond_2_to_the_53():
    assert pyntk.ntk_gram(np.array([[2**53]]))[0, 0] == 2.0**105
    with pytest.raises(ValueError, match=r"X has an integer beyond 2\^53"):
        pyntk.ntk_gram(np.array([[2**53 + 1]]))
    with pytest.raises(ValueError, match=r"beyond 2\^53"):
        pyntk.ntk_gram(np.array([[2**64 - 1]], np.uint64))


def test_tensor_that_requires_grad():
    class Tensor:
        requires_grad = True

        @property
        def __cuda_array_interface__(self):
            raise RuntimeError("Can't get __cuda_array_interface__ on Variable that requires grad")

    with pytest.raises(TypeError, match=r"requires grad; pass X.detach\(\)"):
        pyntk.ntk_gram(Tensor())


def test_cuda_array_without_cuda(monkeypatch):
    class Device:
        __cuda_array_interface__ = {}  # noqa: RUF012

    monkeypatch.setitem(pyntk.dispatch.BACKENDS, "cuda", "pyntk._no_such_module")
    pyntk.dispatch.load.cache_clear()
    with pytest.raises(pyntk.BackendError, match=r"backend 'cuda' is absent: .*nvcc"):
        pyntk.ntk_gram(Device())
    with pytest.raises(TypeError, match="X is on a CUDA device and Z is on the host"):
        pyntk.ntk_gram(Device(), X)
    pyntk.dispatch.load.cache_clear()


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda X: X.tolist(), np.float64),
        (lambda X: X.astype(int), np.float64),
        (lambda X: X > 0, np.float64),
        (lambda X: X.astype(np.uint8), np.float64),
        (lambda X: X.astype(np.float16), np.float32),
        (lambda X: X.astype(ml_dtypes.bfloat16), np.float32),
        (lambda X: X.astype(np.float32), np.float32),
    ],
)
def test_types_that_are_converted(backend, convert, dtype):
    x = convert(10 * np.abs(X))
    K = pyntk.ntk_gram(x, backend=backend)
    assert K.dtype == dtype
    assert (pyntk.ntk_gram(np.asarray(x).astype(dtype), backend=backend) == K).all()


def test_float32_with_float64_is_float64(backend):
    K = pyntk.ntk_gram(X.astype(np.float32), X, backend=backend)
    assert K.dtype == np.float64


def layouts():
    rows = np.zeros((13, 9))
    rows[::2, ::2][:6, :4] = X
    misaligned = np.zeros(X.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(X.shape)
    misaligned[:] = X
    readonly = X.copy()
    readonly.flags.writeable = False
    return {
        "strided": rows[:12:2, :8:2],
        "negative strides": X[::-1, ::-1].copy()[::-1, ::-1],
        "Fortran": np.asfortranarray(X),
        "read-only": readonly,
        "byte-swapped": X.astype(">f8"),
        "misaligned": misaligned,
        "negative zeros": np.where(X[0, 0] == X, -0.0, X),
    }


@pytest.mark.parametrize("layout", layouts())
def test_layouts_give_the_same_bits(backend, layout):
    array = layouts()[layout]
    before = array.copy()
    K = pyntk.ntk_gram(array, backend=backend)
    plain = np.array(np.where(X[0, 0] == X, 0.0, X) if layout == "negative zeros" else X)
    assert (pyntk.ntk_gram(plain, backend=backend) == K).all()
    assert (
        pyntk.finite_width_gram(array, W, backend=backend)
        == pyntk.finite_width_gram(plain, W, backend=backend)
    ).all()
    net = pyntk.TwoLayer(W, A, backend=backend)
    assert (net.forward(array) == net.forward(plain)).all()
    assert (array == before).all()


def test_zero_strides_and_memory_maps(backend, tmp_path):
    row = np.broadcast_to(X[0], (5, 4))
    assert (pyntk.ntk_gram(row, backend=backend) == pyntk.ntk_gram(X[:1])[0, 0]).all()
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    K = np.lib.format.open_memmap(tmp_path / "K.npy", "w+", X.dtype, (6, 6))
    assert pyntk.ntk_gram(mapped, backend=backend, out=K) is K
    assert (pyntk.ntk_gram(X, backend=backend) == K).all()


@pytest.mark.parametrize(
    "gram", [pyntk.ntk_gram, lambda X, **how: pyntk.finite_width_gram(X, W, **how)]
)
def test_out(backend, gram):
    K = np.full((6, 6), np.nan)
    assert gram(X, out=K, backend=backend) is K
    assert (gram(X, backend=backend) == K).all()
    readonly = np.zeros((6, 6))
    readonly.flags.writeable = False
    for bad, reason in [
        (np.zeros((6, 6), np.float32), "dtype float64, not float32"),
        (np.zeros((6, 6), ">f8"), "dtype"),
        (np.zeros((6, 5)), r"shape \(6, 6\), not \(6, 5\)"),
        (np.zeros((6, 6)).T[::-1], "C-contiguous"),
        (readonly, "read-only"),
    ]:
        with pytest.raises(ValueError, match=reason):
            gram(X, out=bad, backend=backend)
    with pytest.raises(TypeError, match="out must be an array"):
        gram(X, out=[[0.0] * 6] * 6, backend=backend)
    memory = np.zeros(60)
    memory[:24] = X.ravel()
    with pytest.raises(ValueError, match="out overlaps X"):
        gram(memory[:24].reshape(6, 4), out=memory[20:56].reshape(6, 6), backend=backend)


@pytest.mark.parametrize(
    ("threads", "error"),
    [(0, ValueError), (-1, ValueError), (True, TypeError), (1.5, TypeError), ("2", TypeError)],
)
def test_threads(threads, error):
    with pytest.raises(error, match="threads must be"):
        pyntk.ntk_gram(X, threads=threads)
    with pytest.raises(error, match="threads must be"):
        pyntk.TwoLayer(W, A, threads=threads)


def test_names():
    with pytest.raises(ValueError, match="trained must be one of first, last, all, not 'both'"):
        pyntk.ntk_gram(X, trained="both")
    with pytest.raises(ValueError, match="backend must be one of cpu, numba, cuda, not 'gpu'"):
        pyntk.ntk_gram(X, backend="gpu")
    with pytest.raises(TypeError, match="unexpected keyword"):
        pyntk.ntk_gram(X, kernel="first")


def test_network_arguments(backend):
    net = pyntk.TwoLayer(W, A, backend=backend)
    with pytest.raises(ValueError, match=r"y must have shape \(n,\) with n = 6 as in X"):
        net.loss_and_gradient(X, Y[:5])
    with pytest.raises(ValueError, match=r"y\[3\] is nan"):
        net.loss_and_gradient(X, np.where(np.arange(6) == 3, np.nan, Y))
    with pytest.raises(ValueError, match="a must have shape"):
        pyntk.TwoLayer(W, A[:3])
    with pytest.raises(ValueError, match="at least one row"):
        pyntk.TwoLayer(W[:0], A[:0])
    with pytest.raises(ValueError, match="scale must be finite"):
        pyntk.TwoLayer(W, A, scale=np.nan)
    with pytest.raises(ValueError, match="m must be even"):
        pyntk.TwoLayer.antisymmetric(5, 3)


def test_eigh_arguments(backend):
    with pytest.raises(ValueError, match=r"H must have shape \(n, n\)"):
        pyntk.eigh(X, backend=backend)
    with pytest.raises(ValueError, match=r"H\[1, 0\] is nan"):
        pyntk.eigh(np.array([[1, 0], [np.nan, 1]]), backend=backend)
    huge = np.broadcast_to(np.zeros(1, np.float32), (32_767, 32_767))
    with pytest.raises(ValueError, match=r"n = 32767: .* overflows 32-bit integers"):
        pyntk.eigh(huge, backend=backend)
