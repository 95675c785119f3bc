"""The two-layer network as a PyTorch module."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from pyntk.contract import Activation
from pyntk.network import TwoLayer as Network
from pyntk.passes import admit_layer, check_shapes
from pyntk.torch.memory import check_tensors
from pyntk.torch.two_layer import two_layer


class TwoLayer(nn.Module):
    """f_k(x) = scale sum_r a_rk sigma(w_r.x + b_r) + c_k, with the parameters of pyntk.TwoLayer.

    Args:
        W: (m, d) first-layer weights. Copied, as all parameters are.
        a: (m,) second-layer weights, or (m, outputs).
        b: (m,) biases of the first layer, or None.
        c: output bias, () or (outputs,), or None.
        scale: factor of the outputs; None means m^-1/2.
        activation: as for :func:`two_layer`.
        derivative_at_zero: as for :func:`two_layer`.
        threads: as for :func:`two_layer`.
        check_finite: as for :func:`two_layer`.

    Attributes:
        W: parameter (m, d).
        b: parameter (m,), or None.
        a: parameter (m,) or (m, outputs).
        c: parameter () or (outputs,), or None.
        scale: float.
        activation: sigma. Like scale it is no part of ``state_dict()``.

    Raises:
        ValueError: wrong shapes.
        TypeError: parameters that are not float32 or float64, or not all of one dtype and device.
    """

    def __init__(
        self,
        W: Any,
        a: Any,
        b: Any = None,
        c: Any = None,
        *,
        scale: float | None = None,
        activation: Activation | None = None,
        derivative_at_zero: int | None = None,
        threads: int | None = None,
        check_finite: bool = True,
    ):
        super().__init__()
        values = {"W": _copied(W, None)}
        values |= {
            name: _copied(p, values["W"].dtype) for name, p in {"b": b, "a": a, "c": c}.items()
        }
        check_tensors(**values)
        A, output_bias = values["a"], values["c"]
        check_shapes(values["W"], values["W"], values["b"], A[:, None] if A.ndim == 1 else A)
        if output_bias is not None and output_bias.shape != A.shape[1:]:
            raise ValueError(
                f"c must have shape {tuple(A.shape[1:])}, not {tuple(output_bias.shape)}"
            )
        for name, value in values.items():
            self.register_parameter(name, None if value is None else nn.Parameter(value))
        layer = admit_layer(scale, activation, derivative_at_zero, threads, check_finite)
        self.scale = len(values["W"]) ** -0.5 if layer.scale is None else layer.scale
        self.activation = layer.activation
        self.threads, self.check_finite = threads, layer.check_finite

    def forward(self, X: Tensor) -> Tensor:
        """Return the outputs for the rows of X (..., d): (...) or (..., outputs)."""
        return two_layer(
            X, self.W, self.a, self.b, self.c, scale=self.scale, activation=self.activation,
            threads=self.threads, check_finite=self.check_finite,
        )  # fmt: skip

    @classmethod
    def from_network(cls, net: Network, **how: Any) -> Self:
        """Return the module that a pyntk.TwoLayer is, its numbers copied.

        Args:
            net: the network, on the host or on a CUDA device.
            **how: ``threads``, ``check_finite``.
        """
        return cls(net.W, net.a, net.b, net.c, scale=net.scale, activation=net.activation, **how)

    def to_network(self, **how: Any) -> Network:
        """Return the pyntk.TwoLayer that this module is, its numbers copied.

        Args:
            **how: ``backend``, ``threads``.
        """
        W, a, b, c = (
            None if value is None else value.detach() for value in (self.W, self.a, self.b, self.c)
        )
        return Network(W, a, b, c, scale=self.scale, activation=self.activation, **how)

    def extra_repr(self) -> str:
        """Return what the parameters are and what they are not."""
        m, d = self.W.shape
        outputs = f", outputs={self.a.shape[1]}" if self.a.ndim == 2 else ""
        biases = "".join(f", {name}" for name in ("b", "c") if getattr(self, name) is not None)
        return f"m={m}, d={d}{outputs}{biases}, scale={self.scale:.4g}, {self.activation}"


def _copied(value: Any, dtype: torch.dtype | None) -> Any:
    """Return a tensor of its own with the same numbers; those of Python in ``dtype``."""
    if value is None:
        return None
    if isinstance(value, Tensor):
        return value.detach().clone(memory_format=torch.contiguous_format)
    return torch.tensor(value, dtype=None if hasattr(value, "dtype") else dtype)
