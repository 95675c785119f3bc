"""The picture of a report: its panels, drawn in one style."""

import textwrap
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pyntk.plot import GREY, INK, STYLE, matplotlib_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pyntk.theory.panel import Curve, Panel
    from pyntk.theory.report import Report

# Okabe and Ito's colours: told apart with any kind of colour blindness, and in grey.
PALETTE: Final = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#3A3A3A", "#B8A800",
)  # fmt: skip
WIDTH: Final = 5.6
HEIGHT: Final = 4.0
"""Of a panel, in inches."""
DPI: Final = 110
FEW: Final = 30
"""Values of a curve that are shown one by one."""
TITLE: Final = 12
"""Points of the letters of a title."""


def report_figure(report: "Report") -> "Figure":
    """Draw a report; nothing global is touched, and no display is needed.

    Raises:
        ModuleNotFoundError: matplotlib is not installed; the message says how to install it.
    """
    rc_context, figure_of = matplotlib_figure()
    columns = min(report.columns, max(len(report.panels), 1))
    rows = max(-(-len(report.panels) // columns), 1)
    with rc_context(STYLE):
        size = (WIDTH * columns, HEIGHT * rows + 0.5)
        figure: Figure = figure_of(figsize=size, layout="constrained", facecolor="white")
        figure.suptitle(_title(report, size[0]), x=0.02, ha="left", fontsize=TITLE)
        every = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, panel in zip(every, report.panels, strict=False):
            _draw(axes, panel)
        for axes in every[len(report.panels) :]:
            axes.set_axis_off()
    return figure


def save_picture(figure: "Figure", path: Path) -> None:
    """Write a PNG of 256 colours, a third of the size of one of all colours and no different."""
    image: Any = import_module("PIL.Image")  # comes with matplotlib
    every = BytesIO()
    figure.savefig(every, format="png", dpi=DPI)
    picture = image.open(every).convert("RGB")
    few = picture.quantize(256, method=image.Quantize.MEDIANCUT, dither=image.Dither.NONE)
    few.save(path, optimize=True)


def _title(report: "Report", width: float) -> str:
    """Return the title in lines that fit so many inches: a letter is about half as wide as high."""
    return textwrap.fill(f"{report.name}: {report.title}", int(width * 72 / (0.58 * TITLE)))


def _draw(axes: "Axes", panel: "Panel") -> None:
    """Draw one panel."""
    axes.set_title(panel.title)
    axes.set(xlabel=panel.x, ylabel=panel.y)
    _scale(axes.set_xscale, panel.x_scale, [c.x for c in panel.curves])
    _scale(axes.set_yscale, panel.y_scale, [c.y for c in panel.curves])
    for curve in panel.curves:
        _line(axes, curve)
    axes.set_xlim(*panel.x_limits)
    axes.set_ylim(*panel.y_limits)
    if any(curve.label for curve in panel.curves):
        legend: Any = axes.legend()
        for handle in legend.legend_handles:
            if getattr(handle, "get_marker", lambda: "")() == ".":
                handle.set_markersize(9)  # small dots are no sign to go by


def _scale(choose: Any, scale: str, values: list[Any]) -> None:
    """Choose the scale of an axis; symlog is linear below the smallest size that occurs.

    A logarithmic axis without any positive value is linear: there is nothing it could show.
    """
    every = np.concatenate(values) if values else np.ones(1)
    every = every[np.isfinite(every)]
    if scale == "symlog":
        sizes = np.abs(every[every != 0])
        choose("symlog", linthresh=float(sizes.min()) if len(sizes) else 1.0)
    elif scale == "log" and (every > 0).any():
        choose("log")


def _line(axes: "Axes", curve: "Curve") -> None:
    """Draw one curve; see :class:`pyntk.theory.panel.Curve` for the kinds."""
    colour = PALETTE[curve.colour % len(PALETTE)]
    label = curve.label or None
    if curve.spread is not None:
        low, high = curve.y - curve.spread, curve.y + curve.spread
        axes.fill_between(curve.x, low, high, color=colour, alpha=0.16, lw=0)
    if curve.kind == "bars":
        axes.stairs(curve.y, curve.x, fill=True, color=colour, alpha=0.4, label=label)
    elif curve.kind == "points":
        size = 9 if len(curve.x) <= FEW else 5
        axes.plot(curve.x, curve.y, ".", ms=size, color=colour, alpha=0.6, mew=0, label=label)
    elif curve.kind == "steps":
        axes.plot(curve.x, curve.y, color=colour, drawstyle="steps-post", label=label)
    elif curve.kind == "predicted":
        axes.plot(curve.x, curve.y, color=INK, lw=1.2, ls=(0, (4, 2)), label=label, zorder=3)
    elif curve.kind == "bound":
        axes.plot(curve.x, curve.y, color=GREY, lw=1.4, ls=":", label=label)
    elif len(curve.x) <= FEW:
        axes.plot(curve.x, curve.y, "o-", ms=4, lw=1.6, color=colour, label=label)
    else:
        axes.plot(curve.x, curve.y, color=colour, alpha=0.6, lw=3, label=label)
