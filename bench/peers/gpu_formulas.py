"""What people write today for the GPU: the formulas in CuPy and in PyTorch, on CuPy arrays."""

import cupy
import numpy as np
from cupy import cublas

try:
    import torch
except ImportError:
    torch = None
if torch is not None and not torch.cuda.is_available():
    torch = None
if torch is not None:
    torch.backends.cuda.matmul.allow_tf32 = False  # float32 means float32, as it does here


def ntk_gram_cupy(X):
    norms = cupy.linalg.norm(X, axis=1)
    U = X / norms[:, None]
    rho = cupy.clip(U @ U.T, -1, 1)
    return cupy.outer(norms, norms) * rho * (np.pi - cupy.arccos(rho)) / (2 * np.pi)


def ntk_gram_torch(X):
    X = torch.as_tensor(X, device="cuda")
    norms = torch.linalg.norm(X, dim=1)
    U = X / norms[:, None]
    rho = torch.clamp(U @ U.T, -1, 1)
    K = torch.outer(norms, norms) * rho * (torch.pi - torch.arccos(rho)) / (2 * torch.pi)
    return cupy.asarray(K)


def loss_and_gradient_torch(X, W, a, y):
    X, W, a, y = (torch.as_tensor(array, device="cuda") for array in (X, W, a, y))
    W = W.detach().requires_grad_()
    f = torch.relu(X @ W.T) @ a * W.shape[0] ** -0.5
    loss = 0.5 * ((f - y) ** 2).sum()
    loss.backward()
    return float(loss), cupy.asarray(W.grad)


def syrk(X):
    """One triangle of X X', the other 0: what any exact method has to do, without the formula."""
    return cublas.syrk("N", X, lower=True)


def release():
    """Give the memory that both libraries hold back to the card."""
    cupy.get_default_memory_pool().free_all_blocks()
    if torch is not None:
        torch.cuda.empty_cache()


GRAMS = {"CuPy formula": ntk_gram_cupy}
NETWORKS = {}
if torch is not None:
    GRAMS["PyTorch formula"] = ntk_gram_torch
    NETWORKS["PyTorch"] = loss_and_gradient_torch
