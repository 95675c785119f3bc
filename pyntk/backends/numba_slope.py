"""The derivatives of the kernel of two unit rows in Numba, by ``csrc/math/deep.hpp``."""

import math
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_entry import add_input_bias, arc_cosine_q, arc_cosine_r, meet
from pyntk.backends.numba_product import BLOCK
from pyntk.backends.numba_rows import ALL, FIRST, LAST

INVERSE_PI = 0.31830988618379067154


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def kinks(c: Any, t: Any, by_cosine: Any) -> None:
    """d (1 - theta / pi) / d cos theta = 1 / (pi sin theta), and 0 at theta = 0 and pi."""
    for J in range(c.shape[0]):
        for j in range(BLOCK):
            for i in range(BLOCK):
                square = t[J, j, i] * (2 - t[J, j, i])
                by_cosine[J, j, i] = INVERSE_PI / math.sqrt(square) if square > 0 else 0.0


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def slopes(
    c: Any, t: Any, z: Any, x: Any, kind: int, depth: int, by_cosine: Any, by_log_norm: Any
) -> None:
    """Write the derivatives of k / (scale s(z) s(x)), s(x) included in that by log |x|.

    By the cosine of the raw rows and by log |x|, for any recipe but DEGREE_0. d theta / d v =
    1 / sin theta, d w / d v = kappa, d kappa / d v = -1 / (pi sin theta); with e = d log s(x) /
    d log |x|, which a layer multiplies by alpha^2: d alpha = alpha beta^2 e, d beta = -beta
    alpha^2 e. Below _v is the derivative by v of the raw rows, _n that by log |x|.
    """
    cosine, at, e, e_input = np.empty(BLOCK), np.empty(BLOCK), np.ones(BLOCK), np.ones(BLOCK)
    tau, tau_v, tau_n = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    v_v, v_n = np.empty(BLOCK), np.empty(BLOCK)
    A, B, D = np.ones(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)
    A_n, D_n = np.zeros(BLOCK), np.zeros(BLOCK)
    biased = x.shape[0] > 0
    for J in range(c.shape[0]):
        for j in range(BLOCK):
            for i in range(BLOCK):
                cosine[i], at[i], v_v[i], v_n[i] = c[J, j, i], t[J, j, i], 1.0, 0.0
            if biased:
                z_alpha, z_beta = z[J, 0, j], z[J, 1, j]
                for i in range(BLOCK):
                    alpha, beta = x[0, i], x[1, i]
                    v = 2 - at[i] if cosine[i] < 0 else at[i]
                    v_v[i] = alpha * z_alpha
                    tilt = alpha * z_beta - z_alpha * beta
                    v_n[i] = alpha * beta * tilt + v_v[i] * beta * beta * v
                    e_input[i] = alpha * alpha
                    e[i] = e_input[i]
                add_input_bias(cosine, at, z_alpha, z_beta, x)
            for i in range(BLOCK):
                tau[i], tau_v[i], tau_n[i] = cosine[i], -v_v[i], -v_n[i]
            for layer in range(1, depth + 1):
                if biased:
                    z_alpha, z_beta = z[J, 2 * layer, j], z[J, 2 * layer + 1, j]
                    meet(z_alpha, z_beta, x, layer, A, B, D)
                    for i in range(BLOCK):
                        alpha, beta = x[2 * layer, i], x[2 * layer + 1, i]
                        A_n[i] = A[i] * beta * beta * e[i]
                        D_n[i] = alpha * beta * e[i] * (alpha * z_beta - z_alpha * beta)
                        e[i] *= alpha * alpha
                for i in range(BLOCK):
                    root = math.sqrt(at[i])
                    share, bracket = root * arc_cosine_q(at[i]), root * arc_cosine_r(at[i])
                    kappa = share if cosine[i] < 0 else 1 - share
                    w = 1 - at[i] * bracket if cosine[i] < 0 else at[i] * (1 - bracket)
                    square = at[i] * (2 - at[i])
                    slope = -INVERSE_PI / math.sqrt(square) if square > 0 else 0.0
                    below = kappa * tau[i]
                    below_v = slope * v_v[i] * tau[i] + kappa * tau_v[i]
                    below_n = slope * v_n[i] * tau[i] + kappa * tau_n[i]
                    v_v[i] = A[i] * kappa * v_v[i]
                    v_n[i] = D_n[i] + A_n[i] * w + A[i] * kappa * v_n[i]
                    at[i] = D[i] + A[i] * w
                    cosine[i] = 1 - at[i]  # never negative after a layer
                    every = kind == ALL
                    tau_n[i] = A_n[i] * below + A[i] * below_n - v_n[i] if every else below_n
                    tau_v[i] = A[i] * below_v - v_v[i] if every else below_v
                    tau[i] = A[i] * below + cosine[i] if every else below
            for i in range(BLOCK):
                value = cosine[i] if kind == LAST else tau[i]
                by_v = -v_v[i] if kind == LAST else tau_v[i]
                by_n = -v_n[i] if kind == LAST else tau_n[i]
                by_cosine[J, j, i] = -by_v
                by_log_norm[J, j, i] = by_n + (e_input[i] if kind == FIRST else e[i]) * value
