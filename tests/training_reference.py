"""Random numbers and one step of gradient descent, by their definitions.

Philox4x32-10 in Python's integers, Box and Muller in NumPy's longdouble, the step from
tests/network_reference.py. Beside each result: how far a backend's may be from it.
"""

from typing import NamedTuple

import numpy as np

import network_reference as network
from bounds import unit_roundoff
from pyntk.contract import LOSSES, STREAMS, TRAINED

L = np.longdouble
PI = np.arccos(L(-1))
U32 = L(2) ** -24
NORMAL = 11 * U32
"""How far a normal number may be from the exact one, as a share of the radius.

5 u of the radius: log m = s (2 + ...) has 4.1 u, s two roundings, the bracket 1.1, the product one.
Beside e log 2, 1.05 u of at least 0.69 where |log m| <= 0.35, that is at most 7.2 u of the sum; the
root halves it and rounds once. The remainder of the series is 2e-9 = 0.03 u.
5 u of the cosine and the sine: the angle has 2.8 u of at most pi/4, the Taylor series rounds 1.7 u
(a sine), or 2.1 u (a cosine), and ends 3e-8 = 0.5 u from the sum. 1 u: their product.
"""


def philox(counter, key):
    """Salmon, Moraes, Dror and Shaw (SC 2011), figure 2 and table 2: ten rounds of Philox4x32."""
    word = 2**32
    (x0, x1, x2, x3), (k0, k1) = counter, key
    for _ in range(10):
        (high0, low0), (high1, low1) = divmod(0xD2511F53 * x0, word), divmod(0xCD9E8D57 * x2, word)
        x0, x1, x2, x3 = high1 ^ x1 ^ k0, low1, high0 ^ x3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % word, (k1 + 0xBB67AE85) % word
    return x0, x1, x2, x3


def words(seed, stream, row, block):
    """The four words of a block of columns of a row."""
    return philox((block, row % 2**32, row >> 32, stream), (seed % 2**32, seed >> 32))


def uniforms(seed, stream, first, n, p):
    """(n, p): the upper 53 bits of the words 0 and 1, or 2 and 3."""
    U = np.empty((n, p))
    for i in range(n):
        for j in range(p):
            w = words(seed, stream, first + i, j // 2)[2 * (j % 2) :]
            U[i, j] = (((w[0] << 32) | w[1]) >> 11) / 2**53
    return U


def normals(seed, stream, first, n, p):
    """(n, p) in longdouble, and the radius of each."""
    pairs = np.array(
        [
            [words(seed, stream, first + i, j // 4)[j % 4 : j % 4 + 2] for j in range(0, p, 2)]
            for i in range(n)
        ],
        np.uint32,
    ).reshape(n, (p + 1) // 2, 2)
    Z, radius = box_muller(pairs[:, :, 0], pairs[:, :, 1])
    return Z.reshape(n, radius.shape[1] * 2)[:, :p], np.repeat(radius, 2, axis=1)[:, :p]


def box_muller(radius_words, angle_words):
    """Pairs sqrt(-2 log u) (cos, sin) 2 pi (v - 1/8), (..., 2), and the radii.

    u = (word + 1/2) / 2^32 in float32, which makes it at most 1, and v = word / 2^32.
    """
    u = radius_words.astype(np.float32) * np.float32(2.0**-32) + np.float32(2.0**-33)
    radius = np.sqrt(-2 * np.log(u.astype(L)))
    angle = 2 * PI * (angle_words.astype(L) / L(2) ** 32 - L(1) / 8)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1), radius


class Step(NamedTuple):
    """The loss of a batch and the parameters after one step, each with its tolerance."""

    loss: tuple
    W: tuple
    A: tuple
    c: tuple


def step(X, Y, W, A, c, activation, descent, eta, number, exact_gates=False):
    """The step of that number, counted from 0, on the batch (X, Y).

    The gradients are those of the exact outputs. Promise 13 for each of the sums, with what one of
    them carries into the next; then 4 u of the terms of which a new parameter is the sum.
    """
    dtype, (m, d), k, n = W.dtype, W.shape, A.shape[1], len(X)
    u = unit_roundoff(dtype)
    F, size, _ = network.forward(X, W, A, activation, descent.scale)
    F, size = F + c.astype(L), size + np.abs(c.astype(L))
    off_F = (4 + np.log2(W.size)) * u * size
    loss, G, bend = network.loss(F, Y, descent.loss)
    per_sample = off_F.sum(1, keepdims=True) if descent.loss == LOSSES["softmax"] else off_F
    off_G = bend * per_sample + 4 * u * (np.abs(G) + bend)
    off_loss = (np.abs(G) * off_F).sum() + bend * (off_F**2).sum()
    off_loss += (4 + np.log2(max(n, 1))) * L(2) ** -53 * abs(loss) + L(2) ** -53 * np.abs(F).sum()

    unsure = network.unsure_gates(X, W, activation, u) & (not exact_gates)
    scale, absolute = abs(L(descent.scale)), np.abs(A.astype(L))
    dW = network.gradient(X, W, A, G, activation, descent.scale, unsure)
    carried = scale * ((off_G @ absolute.T) * network.largest_slope(activation)).T @ np.abs(X)
    off_W = (4 + np.log2(max(n, 1) * k)) * u * dW.size + dW.doubt + carried
    dA = network.second_gradient(X, W, G, activation, descent.scale)
    values = network.value_size(activation, network.preactivations(X, W)[1])
    off_A = (4 + np.log2(max(n, 1) * d)) * u * dA.size + scale * values.T @ off_G
    off_c = (4 + np.log2(max(n, 1))) * u * np.abs(G).sum(0) + off_G.sum(0)

    decay = 1 - L(eta) * L(descent.weight_decay)
    amplitude = np.sqrt(2 * L(eta) * L(descent.temperature))

    def moved(name, P, gradient, off, first, rows):
        trained = descent.trained in (TRAINED["all"], TRAINED["first" if name == "W" else "last"])
        if not trained or (name == "c" and not descent.output_bias):
            return P.astype(L), 0 * P.astype(L)
        terms = [decay * P.astype(L), -L(eta) * gradient]
        off = L(eta) * off
        if descent.temperature > 0:
            Z, radius = normals(descent.seed, STREAMS[name], first, rows, P.shape[-1])
            terms.append(amplitude * Z.reshape(P.shape))
            off = off + amplitude * NORMAL * radius.reshape(P.shape)
        return sum(terms), off + 4 * u * sum(np.abs(term) for term in terms)

    return Step(
        (loss, off_loss),
        moved("W", W, dW.exact, off_W, number * m, m),
        moved("A", A, dA.exact, off_A, number * m, m),
        moved("c", c, G.sum(0), off_c, number, 1),
    )
