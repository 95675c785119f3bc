"""What each bad input gets: a clear error that names the argument, before anything is computed."""

import ml_dtypes
import numpy as np
import pytest

import pyntk

X = np.random.default_rng(0).standard_normal((6, 4))
W = np.random.default_rng(1).standard_normal((5, 4))
A = np.ones(5)
Y = np.ones(6)
G = np.random.default_rng(2).standard_normal((6, 5))

CALLS = {
    "ntk_gram X": ("X", lambda X, **how: pyntk.ntk_gram(X, **how)),
    "ntk_gram Z": ("Z", lambda Z, **how: pyntk.ntk_gram(X, Z, **how)),
    "arc_cosine_gram X": ("X", lambda X, **how: pyntk.arc_cosine_gram(X, degree=0, **how)),
    "arc_cosine_gram Z": ("Z", lambda Z, **how: pyntk.arc_cosine_gram(X, Z, degree=1, **how)),
    "ntk_diag X": ("X", lambda X, **how: pyntk.ntk_diag(X, **how)),
    "ntk_matmul X": ("X", lambda X, **how: pyntk.ntk_matmul(X, Y, **how)),
    "ntk_matmul V": ("V", lambda V, **how: pyntk.ntk_matmul(X, V, **how)),
    "ntk_matmul Z": ("Z", lambda Z, **how: pyntk.ntk_matmul(X, Y[:3], Z, **how)),
    "ntk_operator X": ("X", lambda X, **how: pyntk.ntk_operator(X, **how)),
    "ntk_vjp X": ("X", lambda X, **how: pyntk.ntk_vjp(X, W, G, **how)),
    "ntk_vjp Z": ("Z", lambda Z, **how: pyntk.ntk_vjp(X, Z, G[:, :3], **how)),
    "ntk_vjp G": ("G", lambda G, **how: pyntk.ntk_vjp(X, W, G, **how)),
    "finite_width_gram X": ("X", lambda X, **how: pyntk.finite_width_gram(X, W, **how)),
    "finite_width_gram W": ("W", lambda W, **how: pyntk.finite_width_gram(X, W, **how)),
    "TwoLayer W": ("W", lambda W, **how: pyntk.TwoLayer(W, A, **how)),
    "forward X": ("X", lambda X, **how: pyntk.TwoLayer(W, A, **how).forward(X)),
    "loss_and_gradient X": (
        "X",
        lambda X, **how: pyntk.TwoLayer(W, A, **how).loss_and_gradient(X, Y),
    ),
}
GOOD = {"X": X, "Z": X[:3], "W": W, "V": X, "G": G}

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
    if name != "V":  # which may be a vector
        with pytest.raises(ValueError, match=rf"{name} must have shape .*\[None, :\]"):
            call(good[0], backend=backend)
    with pytest.raises(ValueError, match=f"{name} must have shape .* has 3 dimension"):
        call(good[None], backend=backend)
    with pytest.raises(ValueError, match=r"d >= 1|but has d = 0"):
        call(good[:, :0], backend=backend) if name == "X" else pyntk.ntk_gram(good[:, :0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: pyntk.ntk_gram(X, X[:, :3]),
        lambda: pyntk.arc_cosine_gram(X, X[:, :3], degree=0),
        lambda: pyntk.ntk_matmul(X, Y, X[:, :3]),
        lambda: pyntk.ntk_vjp(X, W[:, :3], G),
        lambda: pyntk.finite_width_gram(X, W[:, :3]),
        lambda: pyntk.TwoLayer(W, A).forward(X[:, :3]),
    ],
)
def test_lengths_that_differ_name_both(call):
    with pytest.raises(ValueError, match=r"d = (3|4) as in .*d = (3|4)"):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pyntk.ntk_matmul(X, Y[:5]), r"V .* n = 6 as in X, but has n = 5"),
        (lambda: pyntk.ntk_matmul(X, Y, X[:3]), r"V .* p = 3 as in Z, but has p = 6"),
        (lambda: pyntk.ntk_matmul(X, Y, first=7), "first must be 0 to n = 6, not 7"),
        (lambda: pyntk.ntk_matmul(X, Y, first=-1), "first must be 0 to n = 6, not -1"),
        (lambda: pyntk.ntk_matmul(X, Y, X, first=1), "first is for Z = None"),
        (lambda: pyntk.ntk_matmul(X, X[:5]), r"V must have shape \(n, c\) with n = 6"),
        (lambda: pyntk.ntk_vjp(X, W, G.T), r"G .* n = 6 as in X, but has n = 5"),
        (lambda: pyntk.ntk_vjp(X, W, G[:, :4]), r"G .* p = 5 as in Z, but has p = 4"),
        (lambda: pyntk.ntk_vjp(X, None, G), r"G must have shape \(n, n\) with n = 6"),
    ],
)
def test_lengths_of_factors(call, message):
    with pytest.raises(ValueError, match=message):
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
    for call in (
        pyntk.ntk_gram,
        pyntk.ntk_diag,
        pyntk.ntk_operator,
        lambda X: pyntk.ntk_matmul(X, Y),
        lambda V: pyntk.ntk_matmul(X, V),
        lambda G: pyntk.ntk_vjp(X, W, G),
        lambda X: pyntk.finite_width_gram(X, W),
        pyntk.eigh,
    ):
        with pytest.raises(TypeError, match=r"(X|V|G|H) must be an array, not None"):
            call(None)


def test_ragged_list():
    with pytest.raises(ValueError, match="X is no array"):
        pyntk.ntk_gram([[1.0, 2.0], [3.0]])
    with pytest.raises(ValueError, match="V is no array"):
        pyntk.ntk_matmul([[1.0], [2.0]], [[1.0, 2.0], [3.0]])


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
