"""The formulas in PyTorch on the CPU, with the operations of eager mode."""

import numpy_formula
import torch


def prepare(X, **options):
    X = torch.from_numpy(X)
    return lambda: numpy_formula.ntk_gram(X, xp=torch, **options)


def prepare_gradient(X, Z, G):
    """The gradient of sum(G * K(X, Z)) by autograd."""
    X, Z = (torch.from_numpy(rows).clone().requires_grad_() for rows in (X, Z))
    G = torch.from_numpy(G)

    def gradient():
        x, z = X.norm(dim=1), Z.norm(dim=1)
        rho = ((X / x[:, None]) @ (Z / z[:, None]).T).clamp(-1, 1)
        K = torch.outer(x, z) * rho * (torch.pi - torch.arccos(rho)) / (2 * torch.pi)
        return torch.autograd.grad(K, (X, Z), G)

    return gradient


def prepare_step(X, W, a, y):
    """Loss and gradient of the first layer of a two-layer network, by autograd."""
    X, W, a, y = (torch.from_numpy(array) for array in (X, W, a, y))
    W = W.clone().requires_grad_()
    scale = len(W) ** -0.5

    def step():
        residual = scale * (torch.relu(X @ W.T) @ a) - y
        loss = 0.5 * (residual @ residual)
        (dW,) = torch.autograd.grad(loss, W)
        return loss.item(), dW.numpy()

    return step
