"""pyntk.torch.two_layer: promise 13, autograd, torch.compile, and what it refuses."""

import numpy as np
import pytest

from frameworks import framework

torch = framework("torch")

import pyntk  # noqa: E402
import pyntk.torch  # noqa: E402
from layers import ACTIVATIONS, SCALE, assert_gradients, assert_outputs, layer  # noqa: E402
from pyntk.torch import two_layer  # noqa: E402

NAMES = "X", "W", "a", "b", "c"
both_dtypes = pytest.mark.parametrize(
    "dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__
)


@pytest.fixture(autouse=True)
def _each_on_its_own():
    torch._dynamo.reset()


def tensors(arrays, requires_grad=True):
    """Tensors that share the memory of the arrays; None stays."""
    return [
        None if array is None else torch.from_numpy(np.asarray(array)).requires_grad_(requires_grad)
        for array in arrays
    ]


def pure(X, W, a, b=None, c=None, scale=SCALE):
    """The layer in PyTorch's own operators."""
    F = scale * (torch.relu(X @ W.T if b is None else torch.addmm(b, X, W.T)) @ a)
    return F if c is None else F + c


def gradients_of(loss, given):
    wanted = {name: t for name, t in zip(NAMES, given, strict=True) if t is not None}
    return dict(zip(wanted, torch.autograd.grad(loss, list(wanted.values())), strict=True))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("outputs", [None, 1, 3])
@pytest.mark.parametrize("biases", [False, True])
@both_dtypes
def test_outputs_and_gradients(backend, monkeypatch, dtype, biases, outputs, activation):
    monkeypatch.setenv("PYNTK_BACKEND", backend)
    *arrays, G = layer(dtype, outputs=outputs)
    if not biases:
        arrays[3:] = None, None
    given, sigma = tensors(arrays), ACTIVATIONS[activation]
    F = two_layer(*given, scale=SCALE, activation=sigma)
    assert_outputs(F.detach().numpy(), *arrays, sigma)
    found = gradients_of((F * torch.from_numpy(G)).sum(), given)
    X, W, a, b, _ = arrays
    assert_gradients({k: g.numpy() for k, g in found.items()}, X, W, a, b, G, sigma)


def test_the_bits_are_those_of_the_network():
    X, W, a, b, c, _ = layer(np.float32)
    net = pyntk.TwoLayer(W, a, b, c)
    F = two_layer(*tensors((X, W, a, b, c)))
    assert (F.detach().numpy() == net.forward(X)).all()


def test_leading_dimensions():
    X, W, a, _, _, _ = tensors(layer(np.float64), requires_grad=False)
    one, several = a[:, 0], a
    cube = torch.stack([X, 2 * X])
    assert two_layer(cube, W, one).shape == (2, 23)
    assert (two_layer(cube, W, several)[1] == two_layer(2 * X, W, several)).all()
    assert two_layer(X[0], W, one).shape == ()
    assert (two_layer(X[0], W, several) == two_layer(X, W, several)[0]).all()


def test_the_memory_of_the_tensors_is_what_kernels_read(monkeypatch):
    """No copy on the CPU: not of contiguous tensors; views of any stride get the same bits."""
    X, W, a, _, _, G = tensors(layer(np.float32), requires_grad=False)
    seen = []

    def spy(kernel, backend):
        def run(**arguments):
            seen.append({k: v for k, v in arguments.items() if isinstance(v, np.ndarray)})
            return original(kernel, backend)(**arguments)

        return run

    original = pyntk.passes.kernel
    monkeypatch.setattr(pyntk.passes, "kernel", spy)
    W.requires_grad_()
    F = two_layer(X, W, a)
    F.backward(G)
    forward, backward = seen
    for arrays, name, tensor in (
        (forward, "X", X), (forward, "W", W), (forward, "A", a), (forward, "F", F),
        (backward, "X", X), (backward, "W", W), (backward, "G", G), (backward, "dW", W.grad),
    ):  # fmt: skip
        assert arrays[name].ctypes.data == tensor.data_ptr(), name
    strided = torch.empty(46, 12)[::2, ::2].copy_(X)
    assert (two_layer(strided, W.T.contiguous().T, a) == F).all()


def test_only_what_is_needed_is_computed(monkeypatch):
    X, W, a, _, _, _ = layer(np.float64)
    calls = []
    original = pyntk.passes.kernel
    monkeypatch.setattr(
        pyntk.passes, "kernel", lambda name, backend: calls.append(name) or original(name, backend)
    )
    for needed, expected in (
        ("W", ["two_layer_gradient"]),
        ("X", ["two_layer_gradient"]),
        ("a", ["two_layer_forward"]),
        ("Wa", ["two_layer_gradient", "two_layer_forward"]),
    ):
        given = tensors((X, W, a), requires_grad=False)
        for name, tensor in zip("XWa", given, strict=True):
            tensor.requires_grad_(name in needed)
        F = two_layer(*given)
        calls.clear()
        F.sum().backward()
        assert calls == expected
        assert [t.grad is not None for t in given] == [name in needed for name in "XWa"]


@pytest.mark.parametrize("outputs", [None, 2])
@pytest.mark.parametrize("biases", [False, True])
def test_gradcheck(biases, outputs):
    """Away from the kinks, where no finite difference is the derivative."""
    X, W, a, b, c, _ = layer(np.float64, n=5, d=3, m=8, outputs=outputs)
    P = X @ W.T + (b if biases else 0)
    assert np.abs(P).min() > 1e-4  # differences are taken over 1e-6
    given = tensors((X, W, a, b, c) if biases else (X, W, a))
    assert torch.autograd.gradcheck(two_layer, given)


@pytest.mark.parametrize("zero", [0, 1])
def test_kinks(zero):
    """At w.x = 0 there is no NaN, and the derivative is the one that was asked for."""
    X = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]], requires_grad=True)
    W = torch.tensor([[1.0, -1.0], [0.0, 0.0]], requires_grad=True)
    a = torch.tensor([2.0, 3.0], requires_grad=True)
    F = two_layer(X, W, a, scale=1, derivative_at_zero=zero)
    F.sum().backward()
    assert F.tolist() == [0, 0, 4]
    assert X.grad.tolist() == [[2.0 * zero, -2.0 * zero], [2.0 * zero, -2.0 * zero], [2, -2]]
    assert W.grad.tolist() == [[4.0 + 2 * zero, 2.0 * zero], [9.0 * zero, 3.0 * zero]]
    assert a.grad.tolist() == [2, 0]


@both_dtypes
def test_no_samples(dtype):
    X, *weights = layer(dtype)[:5]
    given = tensors((X[:0], *weights))
    F = two_layer(*given)
    assert F.shape == (0, 2)
    F.sum().backward()
    assert given[0].grad.shape == (0, 6)
    assert all((tensor.grad == 0).all() for tensor in given[1:])


def test_no_second_derivatives():
    X, W, a, _, _, _ = tensors(layer(np.float64))
    (dW,) = torch.autograd.grad(two_layer(X, W, a).square().sum(), W, create_graph=True)
    with pytest.raises(RuntimeError, match="two_layer has no second derivatives"):
        dW.sum().backward()


@pytest.mark.parametrize("outputs", [None, 2])
@both_dtypes
def test_compiled(dtype, outputs):
    """One graph, forward and back, for any number of rows; the bits are those without compiling."""
    *arrays, _ = layer(dtype, outputs=outputs)
    given = tensors(arrays)

    def loss(X):
        return torch.tanh(two_layer(2 * X, *given[1:])).sum()

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    for n in (23, 11, 7):
        given[0] = given[0][:n].detach().requires_grad_()
        found = gradients_of(compiled(given[0]), given)
        expected = gradients_of(loss(given[0]), given)
        for name, gradient in expected.items():
            assert (found[name] == gradient).all(), name


@pytest.mark.filterwarnings("default")  # of PyTorch's compiler
def test_compiled_to_machine_code():
    """By PyTorch's default compiler, around the operator."""
    arrays = layer(np.float32)[:5]
    given = tensors(arrays)
    compiled = torch.compile(lambda: torch.sin(two_layer(*given)).sum(), fullgraph=True)
    found = gradients_of(compiled(), given)
    expected = gradients_of(torch.sin(two_layer(*given)).sum(), given)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-5, atol=1e-5)


def test_threads_do_not_change_a_bit():
    X, W, a, b, c, _ = layer(np.float32, n=300, d=17, m=500)
    results = []
    for threads in (1, 2):
        given = tensors((X, W, a, b, c))
        F = two_layer(*given, threads=threads)
        F.square().sum().backward()
        results.append([F, *(tensor.grad for tensor in given)])
    assert all((one == two).all() for one, two in zip(*results, strict=True))
