"""The law of |w| as it moves: an animated picture of a report of ``sgd_follows_pde``."""

from pathlib import Path
from typing import Any

import numpy as np

from pyntk.plot import GREY, INK, STYLE, matplotlib_figure
from pyntk.theory.mei.radial_panels import bin_edges, outline
from pyntk.theory.report import Report


def animate(report: Report, path: Path | str, *, frames_per_second: int = 10) -> Path:
    """Write an animated GIF of the radii of SGD beside those of the dynamics, a frame a snapshot.

    ``animate(sgd_follows_pde(times=np.geomspace(0.001, 10, 60)), "radii.gif")`` has 60 frames.

    Args:
        report: of :func:`pyntk.theory.mei.sgd_follows_pde`.
        path: of the file, overwritten.
        frames_per_second: at least 1.

    Returns:
        The path.

    Raises:
        ModuleNotFoundError: matplotlib or Pillow is not installed; the message says how.
        ValueError: the report has no radii over time, or no frame in a second is asked for.
    """
    wanted = ("times", "radii", "pde_radii", "risk", "pde_risk")
    if not all(name in report.series for name in wanted) or report.series["radii"].ndim != 2:
        raise ValueError(f"the report must be one of sgd_follows_pde, not of {report.name}")
    if not frames_per_second >= 1:
        raise ValueError(f"frames_per_second must be at least 1, not {frames_per_second}")
    times, sgd, pde, risk, pde_risk = (report.series[name] for name in wanted)
    rc_context, figure_of = matplotlib_figure()
    try:
        from matplotlib.animation import PillowWriter
    except ImportError as error:
        raise ModuleNotFoundError(
            "an animation needs Pillow: pip install 'pyntk[explain]'"
        ) from error
    edges = bin_edges(sgd.ravel(), pde.ravel())
    with rc_context(STYLE):
        figure: Any = figure_of(figsize=(6.4, 4.2), layout="constrained", facecolor="white")
        axes = figure.subplots()
        writer = PillowWriter(fps=frames_per_second)
        with writer.saving(figure, str(path), dpi=90):
            for k, t in enumerate(times):
                axes.clear()
                measured = sgd[k][np.isfinite(sgd[k])]
                axes.hist(measured, edges, density=True, color="#0072B2", alpha=0.4, label="SGD")
                axes.plot(*outline(pde[k], edges), color=INK, lw=1.2, label="PDE")
                axes.set(xlabel="|w|", ylabel="density", ylim=(0, None))
                axes.set_title(
                    f"t = {t:.3g}: risk of SGD {risk[k]:.3f}, of the PDE {pde_risk[k]:.3f}"
                )
                axes.legend(labelcolor=INK, edgecolor=GREY)
                writer.grab_frame()
    return Path(path)
