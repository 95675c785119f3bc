"""The picture of an explanation: four panels, each with a detail of it below."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from pyntk.theory.explanation import Explanation

# Okabe and Ito's colours: told apart with any kind of colour blindness, and in grey.
TRUE: Final = "#0072B2"
RANDOM: Final = "#D55E00"
INK: Final = "#3A3A3A"
GREY: Final = "#9A9A9A"
LABELS: Final = (("true", TRUE), ("random", RANDOM))

STYLE: Final = {
    "font.size": 9.5,
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.8,
}


def explanation_figure(explanation: "Explanation") -> "Figure":
    """Draw an explanation; nothing global is touched, and no display is needed.

    Raises:
        ModuleNotFoundError: matplotlib is not installed; the message says how to install it.
    """
    rc_context, figure_of = matplotlib_figure()
    with rc_context(STYLE):
        figure: Figure = figure_of(figsize=(12, 9.6), layout="constrained", facecolor="white")
        figure.suptitle(_title(explanation), x=0.02, ha="left", fontsize=12.5)
        panels: Any = figure.subfigures(2, 2, wspace=0.04, hspace=0.05)
        _spectrum(panels[0, 0], explanation)
        _residual(panels[0, 1], explanation)
        _distance(panels[1, 0], explanation)
        _noise(panels[1, 1], explanation)
    return figure


def histogram_figure(edges: Any, counts: Any, errors: Any, resolution: Any, n: int) -> "Figure":
    """Draw estimated numbers of eigenvalues, with bars of two standard errors and the resolution.

    Raises:
        ModuleNotFoundError: matplotlib is not installed; the message says how to install it.
    """
    rc_context, figure_of = matplotlib_figure()
    with rc_context(STYLE):
        figure: Figure = figure_of(figsize=(7, 4.2), layout="constrained", facecolor="white")
        axes = figure.subplots()
        axes.stairs(counts, edges, fill=True, color=TRUE, alpha=0.35)
        logarithmic = edges[0] > 0
        middles = np.sqrt(edges[1:] * edges[:-1]) if logarithmic else (edges[1:] + edges[:-1]) / 2
        reach = np.stack([np.minimum(2 * errors + resolution, counts), 2 * errors + resolution])
        axes.errorbar(middles, counts, reach, fmt="none", ecolor=INK, elinewidth=1, capsize=2)
        if logarithmic:
            axes.set_xscale("log")
        axes.set_yscale("symlog", linthresh=1)
        axes.set_ylim(bottom=0)
        axes.set(xlabel=r"eigenvalue $\lambda$", ylabel="eigenvalues in the bin")
        axes.set_title(f"Spectral density, $n$ = {n:,}")
    return figure


def matplotlib_figure() -> tuple[Any, Any]:
    """Return matplotlib's rc_context and Figure.

    Raises:
        ModuleNotFoundError: matplotlib is not installed; the message says how to install it.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'the picture needs matplotlib, which is absent ({error}): pip install "pyntk[explain]"'
        ) from error
    return rc_context, Figure


def _title(explanation: "Explanation") -> str:
    """Return what was looked at, in one line."""
    data, chosen = explanation.data, explanation.settings
    return (
        rf"{data['name']}:  $n$ = {data['n']} rows, $d$ = {data['d']} inputs, "
        rf"$m$ = {chosen['width']:,} neurons, $\eta = 1/\lambda_{{max}}$ = {chosen['eta']:.3g}, "
        rf"$\lambda_0$ = {data['lambda_0']:.3g}, seed {chosen['seed']}" + "\n"
    )


def _spectrum(panel: "SubFigure", explanation: "Explanation") -> None:
    """Eigenvalues above; the share of each labelling in the leading eigenvectors below."""
    s = explanation.series
    above, below = _axes(panel, "Spectrum of $H$, and where the labels lie in it")
    index = np.arange(1, len(s["eigenvalues"]) + 1)
    positive = s["eigenvalues"] > 0
    above.loglog(
        index[positive], s["eigenvalues"][positive], color=INK, label=r"eigenvalue $\lambda_i$"
    )
    for kind, colour in LABELS:
        projection = s[f"projection_{kind}"]
        above.loglog(
            index, projection, ".", ms=4.5, color=colour, alpha=0.55, mew=0,
            label=rf"$|v_i \cdot y|$, {kind} labels",
        )  # fmt: skip
        energy = np.cumsum(projection**2) / np.sum(projection**2)
        below.semilogx(index, energy, color=colour, drawstyle="steps-post")
    above.set_ylim(bottom=max(1e-4, float(s["eigenvalues"][positive].min()) / 4))
    above.set_ylabel(r"$\lambda_i$,  $|v_i \cdot y|$")
    below.set(
        xlabel="index $i$ of the eigenvalue (largest first)", ylabel="label energy\nup to $i$"
    )
    below.set_ylim(0, 1.04)
    _legend(above, 3, markerscale=2.2)


def _residual(panel: "SubFigure", explanation: "Explanation") -> None:
    """Residual on both labellings, measured and predicted; their difference below."""
    s, epsilon = explanation.series, explanation.settings["epsilon"]
    above, below = _axes(panel, "Training speed (Theorem 4.1)")
    k = s["steps"]
    for kind, colour in LABELS:
        measured, predicted = s[f"residual_{kind}"], s[f"predicted_residual_{kind}"]
        size = measured[0]
        above.loglog(k[1:], measured[1:] / size, color=colour, alpha=0.45, lw=4.5,
                     solid_capstyle="butt", label=f"measured, {kind}")  # fmt: skip
        above.loglog(k[1:], predicted[1:] / size, color=INK, lw=1.1, ls=(0, (4, 2)),
                     label="predicted" if kind == "random" else None)  # fmt: skip
        below.semilogx(k[1:], (measured - predicted)[1:] / size, color=colour)
    below.axhspan(-epsilon, epsilon, color=GREY, alpha=0.18, lw=0)
    below.text(k[1], 0.85 * epsilon, rf"$\pm\varepsilon$ = {epsilon:g}", va="top", fontsize=8.5)
    reach = 1.3 * max(epsilon, *(float(np.abs(line.get_ydata()).max()) for line in below.lines))
    below.set_ylim(-reach, reach)
    above.set_ylabel(r"$\|u(k) - y\| \; / \; \|y\|$")
    below.set(xlabel="step $k$ of gradient descent", ylabel="measured\n$-$ predicted")
    _plain_decades(above)
    _legend(above, 3)


def _distance(panel: "SubFigure", explanation: "Explanation") -> None:
    """Distance to initialisation, measured and in closed form; flipped patterns below."""
    s = explanation.series
    above, below = _axes(panel, "Distance to initialisation (Lemma 5.3)")
    k = s["steps"]
    for kind, colour in LABELS:
        above.loglog(k[1:], s[f"distance_{kind}"][1:], color=colour, alpha=0.45, lw=4.5,
                     solid_capstyle="butt", label=f"measured, {kind}")  # fmt: skip
        above.loglog(k[1:], s[f"predicted_distance_{kind}"][1:], color=INK, lw=1.1, ls=(0, (4, 2)),
                     label="closed form" if kind == "random" else None)  # fmt: skip
        below.semilogx(
            s["recorded_steps"], 100 * s[f"flips_{kind}"], "o-", ms=3.2, lw=1.3, color=colour
        )
    above.set_ylabel(r"$\|W(k) - W(0)\|_F$")
    below.set(xlabel="step $k$ of gradient descent", ylabel="activations\nflipped (%)")
    below.set_ylim(bottom=0)
    _plain_decades(above)
    _legend(above, 3)


def _noise(panel: "SubFigure", explanation: "Explanation") -> None:
    """Complexity against label noise; the test error of the interpolant below."""
    s = explanation.series
    above, below = _axes(panel, "Generalisation (Theorem 5.1)", ratios=(1.25, 1))
    if "portions" not in s:
        above.text(0.5, 0.5, "H is singular: no complexity", ha="center", transform=above.transAxes)
        return
    q = s["portions"]
    for axis, name, colour, label in (
        (above, "complexity", INK, r"complexity $\sqrt{2 y^T H^{-1} y / n}$"),
        (below, "error", "#009E73", "0-1 error"),
        (below, "loss", "#CC79A7", r"$\ell_1$ error, clipped at 1"),
    ):
        mean, spread = s[name].mean(axis=1), s[name].std(axis=1)
        axis.fill_between(q, mean - spread, mean + spread, color=colour, alpha=0.16, lw=0)
        axis.plot(q, mean, "o-", ms=4, color=colour, label=label)
    above.axhline(1, color=GREY, lw=1, ls=":")
    above.text(1, 1, "bound speaks below 1", ha="right", va="bottom", fontsize=8.5, color=INK)
    above.set_ylim(bottom=0)
    below.set_ylim(0, 1.08)
    above.set_ylabel("complexity")
    below.set(xlabel="portion of random labels (training and test)", ylabel="test error")
    _legend(above, 3, others=(below,))


def _axes(
    panel: "SubFigure", title: str, ratios: tuple[float, float] = (2.1, 1)
) -> tuple["Axes", "Axes"]:
    """Return an upper and a lower pair of axes over one horizontal axis, under a title."""
    above, below = panel.subplots(2, 1, sharex=True, height_ratios=ratios)
    above.set_title(title, pad=26)
    above.tick_params(labelbottom=False)
    panel.set_facecolor("none")
    return above, below


def _legend(
    above: "Axes", columns: int, *, others: tuple["Axes", ...] = (), markerscale: float = 1.0
) -> None:
    """Put the legend between title and data, in a row."""
    handles, labels = above.get_legend_handles_labels()
    for axes in others:
        more, names = axes.get_legend_handles_labels()
        handles, labels = handles + more, labels + names
    above.legend(
        handles, labels, ncols=columns, loc="lower left", bbox_to_anchor=(-0.01, 0.995),
        borderaxespad=0, columnspacing=1.4, markerscale=markerscale,
    )  # fmt: skip


def _plain_decades(axes: "Axes") -> None:
    """Label a logarithmic axis with 0.1, 0.2, 0.5, 1 and the like."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axes.get_ylim()
    subs = (1.0, 2.0, 5.0) if high / low < 200 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=subs))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
