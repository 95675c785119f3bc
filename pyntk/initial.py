"""The initialisations of the sources, by name and seed: class methods of TwoLayer.

Each draws with NumPy's default generator in float64 and rounds to ``dtype`` at the end, so a seed
means the same network in both precisions, and on every backend.
"""

from typing import Any, Self

import numpy as np

from pyntk.contract import Array
from pyntk.scalars import admit_count, admit_number


class Initialised:
    """A network that can be drawn at random.

    Every class method takes, besides its own arguments:

    - ``m``: neurons; ``d``: inputs;
    - ``seed``: of NumPy's default generator;
    - ``dtype``: float32 or float64;
    - ``**how``: ``scale``, ``activation``, ``backend``, ``threads`` ... as for the class. With
      ``backend="cuda"`` the network is on the device.
    """

    def __init__(self, W: Any, a: Any, b: Any = None, c: Any = None, **how: Any):
        raise NotImplementedError

    @classmethod
    def ntk(
        cls,
        m: int,
        d: int,
        *,
        kappa: float = 1.0,
        seed: int = 0,
        dtype: Any = np.float64,
        **how: Any,
    ) -> Self:
        """Return a network with w_r ~ N(0, kappa^2 I), a_r = +-1, as in Arora et al. section 3.

        Args:
            m: neurons.
            d: inputs.
            kappa: standard deviation of the entries of W.
            seed: of NumPy's default generator.
            dtype: float32 or float64.
            **how: ``scale``, ``activation``, ``backend``, ``threads`` ... as for the class.

        References:
            S. Arora et al., arXiv 1901.08584; S. Du et al., arXiv 1810.02054 (kappa = 1).
        """
        m, d = admit_count("m", m), admit_count("d", d)
        kappa = admit_number("kappa", kappa, least=0)
        generator = np.random.default_rng(seed)
        W = kappa * generator.standard_normal((m, d))
        return cls._made(W, generator.choice([-1.0, 1.0], m), dtype, how)

    @classmethod
    def antisymmetric(
        cls,
        m: int,
        d: int,
        *,
        kappa: float = 1.0,
        seed: int = 0,
        dtype: Any = np.float64,
        **how: Any,
    ) -> Self:
        """Return a network of m/2 pairs of equal neurons with opposite a_r: f(x) = 0 at the start.

        Its kernel at the start is that of m/2 independent neurons.

        Args:
            m: neurons, even.
            d: inputs.
            kappa: standard deviation of the entries of W.
            seed: of NumPy's default generator.
            dtype: float32 or float64.
            **how: as for :meth:`ntk`.
        """
        m, d = admit_count("m", m), admit_count("d", d)
        kappa = admit_number("kappa", kappa, least=0)
        if m % 2:
            raise ValueError(f"m must be even, not {m}")
        generator = np.random.default_rng(seed)
        half = kappa * generator.standard_normal((m // 2, d))
        a = generator.choice([-1.0, 1.0], m // 2)
        # Neighbours, so that a block of neurons sums to 0 by itself.
        return cls._made(np.repeat(half, 2, axis=0), np.stack([a, -a], 1).ravel(), dtype, how)

    @classmethod
    def clustered(
        cls,
        m: int,
        d: int,
        outputs: int,
        *,
        seed: int = 0,
        dtype: Any = np.float64,
        **how: Any,
    ) -> Self:
        """Return a network with w_r ~ N(0, I / m), a ~ N(0, 1) of shape (m, outputs), scale 1.

        Args:
            m: neurons.
            d: inputs.
            outputs: classes.
            seed: of NumPy's default generator.
            dtype: float32 or float64.
            **how: as for :meth:`ntk`.

        References:
            Y. Li, Y. Liang, arXiv 1808.01204, section 3.
        """
        m, d, k = admit_count("m", m), admit_count("d", d), admit_count("outputs", outputs)
        generator = np.random.default_rng(seed)
        W = m**-0.5 * generator.standard_normal((m, d))
        return cls._made(W, generator.standard_normal((m, k)), dtype, {"scale": 1.0, **how})

    @classmethod
    def small(
        cls,
        m: int,
        d: int,
        outputs: int | None = None,
        *,
        std: float,
        biases: bool = False,
        seed: int = 0,
        dtype: Any = np.float64,
        **how: Any,
    ) -> Self:
        """Return a network whose weights (and biases) are all N(0, std^2), scale 1.

        Args:
            m: neurons.
            d: inputs.
            outputs: None for one output and a of shape (m,).
            std: standard deviation.
            biases: whether the neurons have biases b, N(0, std^2) too.
            seed: of NumPy's default generator.
            dtype: float32 or float64.
            **how: as for :meth:`ntk`.
        """
        m, d = admit_count("m", m), admit_count("d", d)
        shape = m if outputs is None else (m, admit_count("outputs", outputs))
        std = admit_number("std", std, least=0)
        generator = np.random.default_rng(seed)
        W = std * generator.standard_normal((m, d))
        a = std * generator.standard_normal(shape)
        drawn = {"b": std * generator.standard_normal(m)} if biases else {}
        return cls._made(W, a, dtype, {"scale": 1.0, **how}, **drawn)

    @classmethod
    def mean_field(
        cls,
        m: int,
        d: int,
        *,
        kappa: float = 1.0,
        seed: int = 0,
        dtype: Any = np.float64,
        **how: Any,
    ) -> Self:
        """Return a network with w_r ~ N(0, (kappa^2 / d) I), a_r = 1, scale 1/m.

        Args:
            m: neurons (the N of the paper).
            d: inputs.
            kappa: the expected norm of a neuron, about.
            seed: of NumPy's default generator.
            dtype: float32 or float64.
            **how: as for :meth:`ntk`.

        References:
            S. Mei, A. Montanari, P.-M. Nguyen, arXiv 1804.06561.
        """
        m, d = admit_count("m", m), admit_count("d", d)
        kappa = admit_number("kappa", kappa, least=0)
        W = kappa * d**-0.5 * np.random.default_rng(seed).standard_normal((m, d))
        return cls._made(W, np.ones(m), dtype, {"scale": 1.0 / m, **how})

    @classmethod
    def _made(cls, W: Array, a: Array, dtype: Any, how: dict[str, Any], **drawn: Array) -> Self:
        """Round the layers, and put them where the backend takes them from."""
        try:
            rounded = np.dtype(dtype)
        except TypeError:
            raise TypeError(f"dtype must be float32 or float64, not {dtype!r}") from None
        if rounded not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64, not {rounded}")
        layers = {"W": W, "a": a} | drawn
        placed = {
            name: placed_for(how.get("backend"), array.astype(rounded))
            for name, array in layers.items()
        }
        return cls(**{**placed, **how})


def placed_for(backend: str | None, array: Array) -> Array:
    """Return a NumPy array where a backend takes its arrays from."""
    if backend != "cuda":
        return array
    from pyntk.dispatch import load

    load(backend)
    import cupy

    return cupy.asarray(array)
