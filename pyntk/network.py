"""The two-layer network: outputs, losses and gradients."""

from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from pyntk.activation import admit_activation, is_homogeneous, largest_value, relu
from pyntk.arrays import Admitted, admit
from pyntk.contract import Activation, Array
from pyntk.dispatch import choose, kernel
from pyntk.initial import Initialised
from pyntk.loss import Loss, admit_loss, admit_targets, dimensions
from pyntk.memory import require
from pyntk.network_file import read, write
from pyntk.overflow import warn_if_infinite
from pyntk.parameters import Parameter
from pyntk.places import Placed, placed
from pyntk.recipe import Trained, admit_trained
from pyntk.scalars import admit_number
from pyntk.threads import admit_threads


class Gradients(NamedTuple):
    """Gradients of a loss; None where not asked for, or where the network has no such parameter."""

    dW: Array
    """(m, d), with respect to the first layer. With biases, dW and db are views of one array."""
    db: Array
    """(m,), with respect to the biases of the first layer."""
    da: Array
    """(m,) or (m, outputs), with respect to the second layer."""
    dc: Array
    """() or (outputs,), with respect to the output bias."""
    dX: Array
    """(n, d), with respect to the data."""


class TwoLayer(Initialised, Placed):
    """The network f_k(x) = scale sum_r a_rk sigma(w_r.x + b_r) + c_k.

    Args:
        W: (m, d) first-layer weights, one row per neuron, m >= 1. Copied.
        a: (m,) second-layer weights, or (m, outputs). Copied.
        b: (m,) biases of the first layer; None for none. Copied.
        c: output bias, a number or (outputs,); None for none. Copied.
        scale: factor of the outputs; None means m^-1/2 (Arora et al., Du et al.). 1 for Liang and
            Li and for Tian, 1/m for the mean field of Mei et al.
        activation: sigma: ``pyntk.activation.relu()`` (the default), ``leaky_relu(slope)``, or
            ``piecewise_linear(knots, values)``.
        derivative_at_zero: of the default ReLU, 0 (the default) or 1 (the papers' indicator
            1{w.x >= 0}); an activation brings its own.
        backend: "cpu", "numba" or "cuda"; None chooses by PYNTK_BACKEND, then by where W is.
        threads: at most so many CPU threads; None means every CPU this process may use.

    Attributes:
        W: (m, d) array; write to it (``net.W -= eta * gradients.dW``) to train. Assigning to a
            parameter writes the numbers into the network's own array, in the network's dtype.
        b: (m,) array, or None.
        a: (m,) or (m, outputs) array.
        c: () or (outputs,) array, or None.
        scale: float.
        activation: sigma.

    Raises:
        ValueError: wrong shapes, m = 0, NaN or infinity.
        TypeError: an argument that is no real array, no number, or no activation.

    References:
        S. Arora et al., arXiv 1901.08584, section 3; S. Du et al., arXiv 1810.02054, section 3;
        Y. Li, Y. Liang, arXiv 1808.01204; Y. Tian, arXiv 1909.13458; S. Mei et al., arXiv
        1804.06561.
    """

    # With biases the first layer is stored as (W, b), one more column: what kernels take.
    W = Parameter("m d", lambda net: net._first[:, : net._inputs])
    b = Parameter("m", lambda net: net._first[:, net._inputs] if net._has_biases else None)
    a = Parameter("m k", lambda net: net._second)
    c = Parameter("k", lambda net: net._last)

    @placed
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
        backend: str | None = None,
        threads: int | None = None,
    ):
        several = dimensions(a) == 2
        given: dict[str, tuple[Any, str]] = {"W": (W, "m d"), "a": (a, "m k" if several else "m")}
        if b is not None:
            given["b"] = (b, "m")
        if c is not None and several:
            given["c"] = (c, "k")
        weights = admit(**given)
        arrays = dict(zip(given, weights, strict=True))
        m, self._inputs = arrays["W"].shape
        if m == 0:
            raise ValueError("W must have at least one row")
        self._has_biases = b is not None
        self._first = weights.empty(m, self._inputs + self._has_biases)
        self._first[:, : self._inputs] = arrays["W"]
        if self._has_biases:
            self._first[:, self._inputs] = arrays["b"]
        self._second = arrays["a"].copy()
        self._last: Array = None
        if c is not None:
            self._last = weights.empty(*self._second.shape[1:])
            self._last[...] = arrays["c"] if several else _one_number(c)
        self.scale = m**-0.5 if scale is None else admit_number("scale", scale)
        if activation is not None and derivative_at_zero is not None:
            raise ValueError(
                "derivative_at_zero is that of the default ReLU; an activation brings its own"
            )
        self.activation = (
            relu(derivative_at_zero=0 if derivative_at_zero is None else derivative_at_zero)
            if activation is None
            else admit_activation(activation)
        )
        self._backend = choose(backend, weights.on_device)
        self.on_device, self.named_backend = weights.on_device, backend
        self._threads = admit_threads(threads)

    @placed
    def forward(self, X: Any) -> Array:
        """Return the outputs for the rows of X (n, d).

        Returns:
            (n,) array, or (n, outputs) if a has two dimensions, of the wider dtype of X and W.

        Raises:
            ValueError: wrong shapes, NaN or infinity.
            TypeError: X is no real array, or not where the network is.
        """
        inputs = self._admit(X)
        W, X, A = inputs[:3]
        F = inputs.empty(X.shape[0], A.shape[1])
        kernel("two_layer_forward", self._backend)(X=X, W=W, A=A, F=F, **self._options())
        if self._last is not None:
            F += self._last
        bound = self._largest_output(inputs.largest, *W.shape)
        warn_if_infinite(F, "an output of the network", bound=bound, stacklevel=4)
        return F if self._second.ndim == 2 else F[:, 0]

    @placed
    def loss_and_gradient(
        self,
        X: Any,
        y: Any,
        *,
        loss: Loss = "half_squares",
        trained: Trained = "first",
        data: bool = False,
    ) -> tuple[float, Gradients]:
        """Return a loss and its gradients, each pre-activation formed once and none stored.

        - ``loss="half_squares"``: 1/2 sum_ik (f_ik - y_ik)^2;
        - ``loss="mean_squares"``: 1/n sum_ik (f_ik - y_ik)^2;
        - ``loss="logistic"``: 1/n sum_ik log(1 + exp(-y_ik f_ik)), y = +-1;
        - ``loss="softmax"``: -1/n sum_ik y_ik log softmax(f_i)_k, the cross-entropy.

        Args:
            X: (n, d) data.
            y: (n,) or (n, outputs) targets; for "softmax" (n,) classes 0, 1, ..., or (n, outputs)
                probabilities. Integers, +-1 for "logistic" and classes are labels, exact in every
                dtype; other targets of float64 make the computation one in float64.
            loss: its name.
            trained: "first" asks for dW and db, "last" for da and dc, "all" for both.
            data: whether to ask for dX too, in a second pass.

        Returns:
            The loss, and the gradients with None where not asked for.

        Raises:
            ValueError: wrong shapes, NaN or infinity, targets that the loss does not take.
            TypeError: an argument that is no real array.
        """
        kind = admit_loss(loss)
        admit_trained(trained)
        outputs = self._second.shape[1] if self._second.ndim == 2 else None
        inputs = self._admit(X, y=admit_targets(kind, y, outputs))
        W, X, A, c, Y = inputs
        first, last = trained != "last", trained != "first"
        value = inputs.empty(1, dtype=np.float64)
        G = inputs.empty(X.shape[0], A.shape[1])
        dW = inputs.empty(W.shape[0] if first else 0, W.shape[1])
        dA = inputs.empty(A.shape[0] if last else 0, A.shape[1])
        kernel("two_layer_step", self._backend)(
            X=X, W=W, A=A, c=c, Y=Y.reshape(G.shape), loss=kind,
            value=value, G=G, dW=dW, dA=dA, **self._options(),
        )  # fmt: skip
        warn_if_infinite(value, "the loss", stacklevel=4)
        warn_if_infinite(G, "the gradient with respect to an output", stacklevel=4)
        dX = None
        if data:  # the roles of samples and neurons exchanged
            dX = inputs.empty(*X.shape)
            if X.shape[0]:  # kernels take one neuron at least
                kernel("two_layer_gradient", self._backend)(
                    X=W, W=X, A=G, G=A, dW=dX, **self._options()
                )
        d = self._inputs
        return float(value[0]), Gradients(
            dW=dW[:, :d] if first else None,
            db=dW[:, d] if first and self._has_biases else None,
            da=dA.reshape(self._second.shape) if last else None,
            dc=self._output_bias_gradient(inputs, G) if last else None,
            dX=None if dX is None else dX[:, :d],
        )

    @placed
    def patterns(self, X: Any) -> Array:
        """Return which neurons are active on the rows of X (n, d), 64 a word.

        Returns:
            (n, ceil(m / 64)) array of uint64: bit r % 64 of word r // 64 is 1{w_r.x_i + b_r > 0}
            (>= 0 where the derivative at zero is 1). :func:`pyntk.pattern_flips` compares two.

        Raises:
            ValueError: an activation with other knots than 0; X as for :meth:`forward`.
            TypeError: as for :meth:`forward`.
        """
        if not is_homogeneous(self.activation):
            raise ValueError("patterns are those of a ReLU or a leaky ReLU")
        inputs = self._admit(X)
        W, X = inputs[:2]
        P = inputs.empty(X.shape[0], -(-W.shape[0] // 64), dtype=np.uint64)
        kernel("activation_patterns", self._backend)(
            X=X, W=W, right=self.activation.right, threads=self._threads, P=P
        )
        return P

    def save(self, path: str | Path) -> None:
        """Write the network to a .npz file (at exactly this path), which holds arrays alone."""
        parameters = {"W": self.W, "a": self.a, "b": self.b, "c": self.c}
        write(path, parameters, self.scale, self.activation)

    @classmethod
    def load(
        cls, path: str | Path, *, backend: str | None = None, threads: int | None = None
    ) -> Self:
        """Return the network that :meth:`save` wrote, to the bit; reading it cannot run code.

        Raises:
            OSError: no file there, or not readable.
            ValueError: a file that :meth:`save` did not write, or that is damaged.
        """
        return read(path, lambda **file: cls(**file, threads=threads), backend)

    def _options(self) -> dict[str, Any]:
        return {"activation": self.activation, "scale": self.scale, "threads": self._threads}

    def _layers(self) -> tuple[Array, Array, Array]:
        """Return (W, b), A (m, k) and c (k,), zeros for none: views, as kernels take them."""
        A = self._second.reshape(self._second.shape[0], -1)
        return self._first, A, A[0] * 0 if self._last is None else self._last.reshape(-1)

    def _admit(self, X: Any, **targets: tuple[Any, str]) -> Admitted:
        """Admit (W, b), X, A (m, k), c (k,), targets to one dtype; b needs a column of ones."""
        first, A, c = self._layers()
        rest: dict[str, tuple[Any, str]] = {"a": (A, "m k"), "c": (c, "k")}
        if not self._has_biases:
            return admit(W=(first, "m d"), X=(X, "n d"), **rest, **targets)
        # No rows of W and A: what X and y are compared with, and nothing to copy.
        given = admit(W=(self.W[:0], "m d"), a=(A[:0], "m k"), X=(X, "n d"), **targets)
        n, d = given[2].shape
        needed = n * (d + 1) * given.dtype.itemsize
        require("a column of ones beside X", needed, on_device=given.on_device)
        with_ones = given.empty(n, d + 1)
        with_ones[:, :d], with_ones[:, d] = given[2], 1
        rest |= {name: (given[3], targets[name][1]) for name in targets}
        return admit(**{"(W, b)": (first, "m e"), "X": (with_ones, "n e"), **rest})

    def _largest_output(self, largest: tuple[float, ...], m: int, d: int) -> float:
        """Return a bound on an output, roundings included, from the largest W, X, A and c."""
        w, x, a, c = largest
        values = largest_value(self.activation, 2 * d * w * x)
        return 2 * (abs(float(self.scale)) * m * a * values + c)

    def _output_bias_gradient(self, inputs: Admitted, G: Array) -> Array:
        """Return the sums of the columns of G in float64, by halves, each rounded once."""
        if self._last is None:
            return None
        sums = inputs.contiguous(G.T).sum(1, dtype=np.float64)
        return sums.astype(G.dtype).reshape(self._last.shape)


def _one_number(c: Any) -> float:
    """Return the bias of one output as a number."""
    (value,) = admit(c=(c, " ".join("k" * dimensions(c))))
    if value.size != 1:
        raise ValueError(f"c must be one number where a is (m,), not of shape {value.shape}")
    return float(value.reshape(()))
