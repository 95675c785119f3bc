"""What a picture shows, without saying how it is drawn: panels of curves."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kind = Literal["measured", "predicted", "bound", "points", "steps", "bars"]
Scale = Literal["linear", "log", "symlog"]


@dataclass(frozen=True)
class Curve:
    """One curve of a panel.

    Attributes:
        x: (k,) positions; for ``bars`` the (k + 1,) edges of the bins.
        y: (k,) values.
        label: in the legend; empty for a curve that needs none.
        kind: how it is drawn: a broad line (``measured``), a thin dashed line over it
            (``predicted``), a dotted grey line (``bound``), dots without a line (``points``), a
            line of steps (``steps``) or a histogram (``bars``).
        colour: which colour of the palette, 0, 1, ...; curves that belong together share one.
        spread: (k,) half the height of a band around the curve, or None; ``bars`` have none.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    label: str
    kind: Kind
    colour: int
    spread: NDArray[Any] | None


def curve(
    x: ArrayLike,
    y: ArrayLike,
    label: str = "",
    kind: Kind = "measured",
    *,
    colour: int = 0,
    spread: ArrayLike | None = None,
) -> Curve:
    """Return a :class:`Curve` of anything that makes arrays.

    Raises:
        ValueError: there is no such kind, or the lengths of x, y and spread do not go together.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"a curve is one of {', '.join(get_args(Kind))}, not {kind!r}")
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if ys.ndim != 1 or xs.shape != (len(ys) + (kind == "bars"),):
        raise ValueError(f"a curve of kind {kind} cannot have x {xs.shape} and y {ys.shape}")
    band = None if spread is None else np.asarray(spread, np.float64)
    if band is not None:
        if band.shape not in {(), ys.shape}:
            raise ValueError(f"a curve with y {ys.shape} cannot have a spread of {band.shape}")
        band = np.broadcast_to(band, ys.shape)
    return Curve(xs, ys, label, kind, colour, band)


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        title: what is seen.
        x, y: labels of the axes (matplotlib's mathematics between dollar signs).
        curves: what is drawn, the first below.
        x_scale, y_scale: of the axes.
        x_limits, y_limits: (low, high) of an axis; None in place of either lets the data decide.
    """

    title: str
    x: str
    y: str
    curves: tuple[Curve, ...]
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    x_limits: tuple[float | None, float | None] = (None, None)
    y_limits: tuple[float | None, float | None] = (None, None)
