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
