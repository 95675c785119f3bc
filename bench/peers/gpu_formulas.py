"""What people write today for the GPU: the formulas in CuPy and in PyTorch, on CuPy arrays."""

import cupy
import numpy as np
import numpy_formula
from cupy import cublas

try:
    import torch
except ImportError:
    torch = None
if torch is not None and not torch.cuda.is_available():
    torch = None
if torch is not None:
    torch.backends.cuda.matmul.allow_tf32 = False  # float32 means float32, as it does here


def ntk_gram_cupy(X, accumulate=None, **options):
    if accumulate == "float64":
        return numpy_formula.ntk_gram(X.astype(accumulate), xp=cupy, **options).astype(X.dtype)
    return numpy_formula.ntk_gram(X, xp=cupy, **options)


def ntk_gram_torch(X, accumulate=None, **options):
    X = torch.as_tensor(X, device="cuda")
    wide = X.to(torch.float64) if accumulate == "float64" else X
    return cupy.asarray(numpy_formula.ntk_gram(wide, xp=torch, **options).to(X.dtype))


def ntk_matmul_cupy(X, V, xp=cupy):
    """K V for the first layer, 2048 rows of K at a time."""
    norms = xp.sqrt((X * X).sum(1))
    U = X / norms[:, None]
    blocks = []
    for rows in (slice(i, i + 2048) for i in range(0, len(X), 2048)):
        rho = xp.clip(U[rows] @ U.T, -1, 1)
        K = xp.outer(norms[rows], norms) * rho * (np.pi - xp.arccos(rho)) / (2 * np.pi)
        blocks.append(K @ V)
    return xp.concatenate(blocks)


def products_alone(X, V):
    """X X' V without storing X X' at once: the two products that any exact method has to do."""
    return cupy.concatenate([(X[i : i + 2048] @ X.T) @ V for i in range(0, len(X), 2048)])


def loss_and_gradient_torch(X, W, a, y):
    X, W, a, y = (torch.as_tensor(array, device="cuda") for array in (X, W, a, y))
    W = W.detach().requires_grad_()
    f = torch.relu(X @ W.T) @ a * W.shape[0] ** -0.5
    loss = 0.5 * ((f - y) ** 2).sum()
    loss.backward()
    return float(loss), cupy.asarray(W.grad)


def sgd_cupy(X, Y, order, eta, W, A, c):
    """Stochastic gradient descent on mean squares, both layers and c; returns the trained W."""
    W, A, c, scale = W.copy(), A.copy(), c.copy(), len(W) ** -0.5
    for batch in order:
        x, y = X[batch], Y[batch]
        P = x @ W.T
        active = P > 0
        H = P * active
        G = (2 / len(batch)) * (scale * (H @ A) + c - y)
        E = (G @ A.T) * active
        W -= (eta * scale) * (E.T @ x)
        A -= (eta * scale) * (H.T @ G)
        c -= eta * G.sum(0)
    return W


def sgd_torch(X, Y, order, eta, W, A, c):
    X, Y, order = (torch.as_tensor(array, device="cuda") for array in (X, Y, order))
    W, A, c = (torch.as_tensor(p, device="cuda").clone().requires_grad_() for p in (W, A, c))
    optimizer = torch.optim.SGD([W, A, c], lr=eta)
    for batch in order:
        F = torch.relu(X[batch] @ W.T) @ A * len(W) ** -0.5 + c
        loss = ((F - Y[batch]) ** 2).sum() / len(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return cupy.asarray(W.detach())


class Syrk:
    """One triangle of X X', the other 0: what any exact method has to do, without the formula.

    X in the precision wanted and memory for the result are there before the time runs.
    """

    def __init__(self, X, dtype):
        self.X, self.dtype, self.result = X, dtype, None

    def __call__(self):
        if self.result is None:
            self.X = self.X.astype(self.dtype, copy=False)
            self.result = cupy.zeros((len(self.X), len(self.X)), self.dtype, order="F")
        return cublas.syrk("N", self.X, out=self.result, lower=True)


def bytes_written(X):
    """As many bytes as the Gram matrix has, written by a kernel that does nothing else."""
    return cupy.full((len(X), len(X)), 1, X.dtype)


def release():
    """Give the memory that both libraries hold back to the card."""
    cupy.get_default_memory_pool().free_all_blocks()
    if torch is not None:
        torch.cuda.empty_cache()


GRAMS = {"CuPy formula": ntk_gram_cupy}
NETWORKS = {}
TRAININGS = {"CuPy by hand": sgd_cupy}
if torch is not None:
    GRAMS["PyTorch formula"] = ntk_gram_torch
    NETWORKS["PyTorch"] = loss_and_gradient_torch
    TRAININGS["PyTorch"] = sgd_torch
