"""A two-layer network as the kernels of a training loop take it."""

from typing import Any, NamedTuple

import numpy as np

from pyntk.activation import is_homogeneous
from pyntk.arrays import SINGLE, Admitted, admit
from pyntk.contract import TRAINED, Array
from pyntk.dispatch import kernel
from pyntk.initial import placed_for
from pyntk.loss import admit_loss, admit_targets
from pyntk.memory import require
from pyntk.network import TwoLayer
from pyntk.recipe import admit_trained


class Samples(NamedTuple):
    """Rows as kernels take them, in the dtype of the network."""

    X: Array
    """(n, d), with a column of ones for a network with biases."""
    Y: Array
    """(n, k) targets, or None."""


class Layers(NamedTuple):
    """The parameters of a network, or copies of them."""

    W: Array
    """(m, d), with the biases as one more column."""
    A: Array
    """(m, k)."""
    c: Array
    """(k,), zeros where the network has no output bias."""


class Trainee:
    """The parameters of a network in place, its loss, and rows converted to its dtype.

    Args:
        net: the network.
        loss: its name.
        trained: which layers, "first", "last" or "all".

    Raises:
        TypeError: ``net`` is no TwoLayer.
        ValueError: unknown names; a parameter that is not finite.
    """

    def __init__(self, net: Any, loss: Any, trained: Any):
        if not isinstance(net, TwoLayer):
            raise TypeError(f"net must be a pyntk.TwoLayer, not {type(net).__name__}")
        self.net = net
        self.loss, self.trained = admit_loss(loss), admit_trained(trained)
        self.layers = Layers(*net._layers())
        W, A, c = self.layers
        self._place: Admitted = admit(**{"(W, b)": (W, "m e"), "a": (A, "m k"), "c": (c, "k")})
        self.dtype, self.on_device = self._place.dtype, self._place.on_device
        self.backend, self.threads = net._backend, net._threads
        self.has_output_bias = net._last is not None
        self.outputs = A.shape[1] if net._second.ndim == 2 else None

    @property
    def trains_first(self) -> bool:
        """Whether W and b are trained."""
        return self.trained != TRAINED["last"]

    @property
    def trains_last(self) -> bool:
        """Whether a and c are trained."""
        return self.trained != TRAINED["first"]

    def empty(self, *shape: int, dtype: Any = None) -> Array:
        """Return an uninitialised array where the network is."""
        return self._place.empty(*shape, dtype=dtype)

    def placed(self, array: Array) -> Array:
        """Return a C-contiguous copy of a NumPy array where the network is."""
        return placed_for(self.backend, np.array(array, order="C"))

    def samples(self, X: Any, y: Any = None) -> Samples:
        """Admit rows X (n, d), n >= 1, and targets, and round them to the dtype of the network.

        Raises:
            ValueError: wrong shapes, no row, NaN or infinity, numbers beyond the range of the
                dtype, targets that the loss does not take.
            TypeError: no real array, or not where the network is.
        """
        rows = self._rounded("X", X, "n d")
        if y is None:
            admitted = self.net._admit(rows)
        else:
            targets, letters = admit_targets(self.loss, y, self.outputs)
            admitted = self.net._admit(rows, y=(self._rounded("y", targets, letters), letters))
        if not rows.shape[0]:
            raise ValueError("X must have at least one row")
        k = self.layers.A.shape[1]
        return Samples(admitted[1], None if y is None else admitted[4].reshape(-1, k))

    def loss_of(self, samples: Samples, loss: int | None = None) -> tuple[float, Array]:
        """Return a loss (by its code; that of the training) and d loss / d f (n, k)."""
        W, A, c = self.layers
        value, G = self.empty(1, dtype=np.float64), self.empty(*samples.Y.shape)
        self.run(
            "two_layer_step", X=samples.X, W=W, A=A, c=c, Y=samples.Y, value=value, G=G,
            loss=self.loss if loss is None else loss,
            dW=self.empty(0, W.shape[1]), dA=self.empty(0, A.shape[1]),
        )  # fmt: skip
        return float(value[0]), G

    def outputs_of(self, samples: Samples) -> Array:
        """Return f (n, k)."""
        W, A, c = self.layers
        F = self.empty(samples.X.shape[0], A.shape[1])
        self.run("two_layer_forward", X=samples.X, W=W, A=A, F=F)
        return F + c

    def patterns_of(self, samples: Samples) -> Array:
        """Return the packed activation patterns, as TwoLayer.patterns does."""
        activation, W = self.net.activation, self.layers.W
        if not is_homogeneous(activation):
            raise ValueError("record 'flips': patterns are those of a ReLU or a leaky ReLU")
        words = -(-W.shape[0] // 64)
        require("record 'flips'", samples.X.shape[0] * words * 16, on_device=self.on_device)
        P = self.empty(samples.X.shape[0], words, dtype=np.uint64)
        kernel("activation_patterns", self.backend)(
            X=samples.X, W=W, right=activation.right, threads=self.threads, P=P
        )
        return P

    def run(self, name: str, **arguments: Any) -> None:
        """Call a kernel of the network."""
        kernel(name, self.backend)(**arguments, **self.net._options())

    def copies(self) -> Layers:
        """Return copies of the parameters."""
        return Layers(*(array.copy() for array in self.layers))

    def restore(self, layers: Layers) -> None:
        """Write copies of the parameters back."""
        for array, copy in zip(self.layers, layers, strict=True):
            array[...] = copy

    def _rounded(self, name: str, value: Any, letters: str) -> Array:
        """Return an array of float32 for a network of float32; the kernels' own conversion else."""
        given = admit(**{name: (value, letters)})
        if self.dtype != SINGLE or given.dtype == SINGLE:
            return given[0]
        if given.largest[0] > float(np.finfo(np.float32).max):
            raise ValueError(
                f"{name} has {given.largest[0]:g}, beyond the range of float32, in which the "
                "network is trained"
            )
        require(f"{name} as float32", 4 * given[0].size, on_device=self.on_device)
        return given[0].astype(np.float32)
