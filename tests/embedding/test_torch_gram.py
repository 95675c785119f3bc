"""pyntk.torch.ntk_gram: the bits of pyntk.ntk_gram, and its gradients."""

import numpy as np
import pytest

from frameworks import framework

torch = framework("torch")

import pyntk  # noqa: E402
import pyntk.torch  # noqa: E402
from pyntk.torch import ntk_gram  # noqa: E402

RECIPES = [
    {},
    {"trained": "last", "weight_variance": 2.0},
    {"trained": "all", "depth": 3, "bias_variance": 0.1},
]


def rows(dtype=torch.float64):
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(n, 5, generator=generator, dtype=dtype, requires_grad=True) for n in (7, 4)]


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_bits(dtype, recipe):
    X, Z = rows(dtype)
    x, z = X.detach().numpy(), Z.detach().numpy()
    G = torch.arange(28, dtype=dtype).reshape(7, 4).sin()
    assert (ntk_gram(X, **recipe).detach().numpy() == pyntk.ntk_gram(x, **recipe)).all()
    K = ntk_gram(X, Z, **recipe)
    assert (K.detach().numpy() == pyntk.ntk_gram(x, z, **recipe)).all()
    dX, dZ = torch.autograd.grad(K, (X, Z), G)
    expected = pyntk.ntk_vjp(x, z, G.numpy(), **recipe)
    assert (dX.numpy() == expected[0]).all()
    assert (dZ.numpy() == expected[1]).all()
    (dZ,) = torch.autograd.grad(ntk_gram(X.detach(), Z, **recipe), Z, G)  # alone
    assert (dZ.numpy() == expected[1]).all()
    (dX,) = torch.autograd.grad(ntk_gram(X, **recipe)[:, :4], X, G)
    G = np.hstack([G.numpy(), np.zeros((7, 3), G.numpy().dtype)])
    assert (dX.numpy() == pyntk.ntk_vjp(x, None, G, **recipe)).all()


@pytest.mark.parametrize("recipe", RECIPES)
def test_gradcheck(recipe):
    X, Z = rows()
    assert torch.autograd.gradcheck(lambda X, Z: ntk_gram(X, Z, **recipe), (X, Z))
    # On the diagonal x.z and its kink are exact: the derivative of k(x, x) is taken along it.
    assert torch.autograd.gradcheck(lambda X: ntk_gram(X, **recipe), (X,))


def test_only_what_is_needed_is_computed(monkeypatch):
    X, Z = rows()
    calls, original = [], pyntk.passes.kernel
    monkeypatch.setattr(
        pyntk.passes, "kernel", lambda name, backend: calls.append(name) or original(name, backend)
    )
    ntk_gram(X.detach(), Z).sum().backward()
    assert calls == ["ntk_vjp"]
    assert X.grad is None


def test_duplicates_zero_rows_and_opposites_give_no_nan():
    X = torch.tensor([[1.0, 2], [1, 2], [-1, -2], [0, 0]], requires_grad=True)
    ntk_gram(X).sum().backward()
    assert X.grad.isfinite().all()
    assert (X.grad[0] == X.grad[1]).all()
    assert (X.grad[3] == 0).all()


def test_compiled():
    X, Z = rows()

    def loss(X, Z):
        return torch.logdet(ntk_gram(2 * X) + torch.eye(len(X))) + ntk_gram(X, Z).sum()

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    for n in (7, 5):
        X = X[:n].detach().requires_grad_()
        found = torch.autograd.grad(compiled(X, Z), (X, Z))
        expected = torch.autograd.grad(loss(X, Z), (X, Z))
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-13, atol=1e-13)


def test_no_second_derivatives():
    X, Z = rows()
    (dX,) = torch.autograd.grad(ntk_gram(X, Z).sum(), X, create_graph=True)
    with pytest.raises(RuntimeError, match="ntk_gram has no second derivatives"):
        dX.sum().backward()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda X, Z: ntk_gram(X * np.nan), ValueError, r"X\[0, 0\] is nan"),
        (lambda X, Z: ntk_gram(X, Z[:, :3]), ValueError, "X has 5 columns and Z has 3"),
        (lambda X, Z: ntk_gram(X[0]), ValueError, "X must have two dimensions"),
        (lambda X, Z: ntk_gram(X, Z.float()), TypeError, "Z is torch.float32, but X is"),
        (lambda X, Z: ntk_gram(X.numpy()), TypeError, "X must be a tensor, not ndarray"),
        (lambda X, Z: ntk_gram(X, trained="middle"), ValueError, "trained must be one of"),
        (lambda X, Z: ntk_gram(X, depth=0), ValueError, "depth must be 1 to"),
        (lambda X, Z: ntk_gram(X, threads=0), ValueError, "threads must be at least 1"),
    ],
)
def test_bad_input(call, error, message):
    X, Z = (tensor.detach() for tensor in rows())
    with pytest.raises(error, match=message):
        call(X, Z)


def test_a_gradient_that_is_not_finite():
    X, Z = rows()
    with pytest.raises(ValueError, match=r"grad_output\[0, 0\] is nan"):
        (ntk_gram(X, Z).sum() * np.nan).backward()
