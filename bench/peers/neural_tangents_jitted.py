"""neural-tangents, compiled by jax.jit for the shape of X; runs in an environment of its own.

Its kernels are of float32 or float64 throughout by jax_enable_x64, so a process serves one dtype.
W_std = 1 with its default parameterisation makes every kernel 1/d of pyntk's.
"""

import jax
import numpy as np


def prepare(X, trained="first", depth=1):
    jax.config.update("jax_enable_x64", X.dtype == np.float64)
    X = jax.numpy.asarray(X)
    compiled = jax.jit(_kernel(trained, depth)).lower(X).compile()
    return lambda: compiled(X).block_until_ready()


def _kernel(trained, depth):
    from neural_tangents import stax

    dense = stax.Dense(1, W_std=1.0, b_std=None)
    layers = [dense, stax.Relu()] * depth
    if trained == "first" and depth == 1:
        # The tangent kernel of Dense, Relu without an output layer is that of the first layer.
        kind = "ntk"
    elif trained == "all":
        layers.append(dense)
        kind = "ntk"
    else:
        raise ValueError(f"no network of neural-tangents for {trained!r}, depth {depth}")
    *_, kernel = stax.serial(*layers)
    return lambda X: kernel(X, None, kind)
