"""The gradient of a wide network is that of a network whose activation patterns are frozen."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import DivergenceError, TwoLayer
from pyntk.theory.check import Check
from pyntk.theory.liang.classes import ClassSample, draw_classes
from pyntk.theory.liang.descent import (
    IN_PAPER,
    Descent,
    Trained,
    admit_counts,
    decades,
    descend,
    diverged,
)
from pyntk.theory.liang.pseudo_gradient import Coupled, coupled
from pyntk.theory.panel import Panel, curve
from pyntk.theory.patterns import Movement, movement
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]

AGREE: Final = 1e-12
"""Two gradients in float64 agree where they differ by this share of the largest entry."""
SHOWN: Final = 1500
"""Flipped pairs in the picture."""
LEMMA: Final = "Li-Liang Lemma 5.1 (1808.01204)"


@routine(widths=(500, 1000, 2000, 4000, 8000, 16_000))
def coupling(
    data: Any = "clusters",
    *,
    rows: int = 1000,
    held_out: int = 1000,
    widths: Sequence[int] = (500, 2000, 8000),
    steps: int = 400,
    batch: int = 16,
    step_size: Any = IN_PAPER,
    network: Callable[..., TwoLayer] = TwoLayer.clustered,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""A neuron's gradient equals its pseudo-gradient, patterns frozen at the start, if none flips.

    The pseudo-gradient takes the residuals o - 1{y} of the network as it is, and the activations
    1{w_r(0).x > 0} of its start. On a row for each of the k l components it equals the true
    gradient for exactly the neurons whose pattern flipped on none of them: that is at least
    1 - k l (share of flipped pairs) of all. A pattern can only flip where
    \|w_r(0).x\| <= \|w_r(T) - w_r(0)\| \|x\|, and a neuron moves at most 2 eta T max_i \|a_ir\|.
    The lemma concludes that the share of such neurons goes to 1 with the width.

    Args:
        data: "clusters" (the paper's: k = 10, l = 2, d = 1000), "digits", "mnist:DIR",
            "cifar10:DIR", (X, classes), or ``gaussian_clusters(...)`` of
            :mod:`pyntk.theory.liang`.
        rows: training rows.
        held_out: further rows, on which the rule for flips is tested.
        widths: the widths m.
        steps: T.
        batch: B, rows in a step.
        step_size: a schedule of :mod:`pyntk.schedule`, a number, or a function of m.
        network: makes the network at its start, as ``TwoLayer.clustered`` does.
        seed: of data, networks and batches.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the set of neurons, its size, the rule for flips and the way of a neuron. Series:
        ``widths`` (w,), ``share`` (w,) of neurons whose gradients agree, ``bound`` (w,)
        1 - k l (share of flips), ``flips`` (w,) on the centres, ``gradient_distance`` (w,) of the
        two gradients, relative, ``flips_test`` (w,) on the held-out rows, ``shown`` (2, p) of
        flipped pairs \|w_r(T) - w_r(0)\| and \|w_r(0).x\|, times m^(1/2), at the largest width.

    References:
        Y. Li, Y. Liang, arXiv 1808.01204, Lemma 5.1 and its proof.
    """
    admit_counts(widths=widths, steps=steps)
    how = Descent(steps, batch, step_size, network, seed, {"backend": backend, "threads": threads})
    sample = draw_classes(data, rows, held_out, seed=seed)
    title = f"gradients and pseudo-gradients on {sample.name}"
    m = np.array(widths)
    pairs: list[Coupled] = []
    moved: list[Movement] = []
    ways = np.empty(len(m))
    shown = np.empty((2, 0))
    try:
        for w in watch.over(range(len(m))):
            trained = descend(sample, int(m[w]), how, watch, {})
            start, net = trained.start, trained.net
            pairs.append(coupled(start, net, sample.centres, sample.centre_classes, AGREE))
            moved.append(movement(start, net.W, sample.X_test))
            ways[w] = way(trained, how)
            if m[w] == m.max():
                shown = flipped_pairs(trained, sample)
    except DivergenceError as error:
        return diverged("coupling", title, sample, how, error)
    share = np.array([pair.share for pair in pairs])
    flips = np.array([pair.flips for pair in pairs])
    bound = 1 - len(sample.centres) * flips
    distance = np.array([pair.distance for pair in pairs])
    return Report(
        name="coupling",
        title=title,
        checks=(
            same_set(m, pairs),
            *share_above(m, share, bound),
            share_below_one(m, share),
            share_grows(m, share),
            flip_rule(moved, len(sample.X_test)),
            way_of_neuron(m, ways),
        ),
        series={
            "widths": m, "share": share, "bound": bound, "flips": flips,
            "gradient_distance": distance,
            "flips_test": np.array([one.flips for one in moved]), "shown": shown,
        },
        data=sample.facts(),
        settings={"widths": list(widths), **how.facts()},
        notes=sample.notes,
        panels=_panels(m, share, bound, distance, shown),
    )  # fmt: skip


def way(trained: Trained, how: Descent) -> float:
    r"""Return the largest \|w_r(T) - w_r(0)\| / (2 eta T max_i \|a_ir\|) of all neurons.

    A step moves w_r by at most eta sum_i \|a_ir\| \|o_i - 1{i = y}\| <= 2 eta max_i \|a_ir\|, for
    rows of unit norm and their averages.
    """
    largest = np.abs(np.asarray(trained.net.a, np.float64)).max(1)
    return float(
        (np.linalg.norm(trained.update, axis=1) / (2 * how.length(trained.m) * largest)).max()
    )


def flipped_pairs(trained: Trained, sample: ClassSample) -> Vector:
    r"""Return \|w_r(T) - w_r(0)\| and \|w_r(0).x\| times m^(1/2) of some flipped pairs, (2, p)."""
    rows = sample.X_test[:100]
    before = np.asarray(trained.start, np.float64) @ rows.T
    r, i = np.nonzero((before > 0) != (np.asarray(trained.net.W, np.float64) @ rows.T > 0))
    some = slice(None, None, max(1, len(r) // SHOWN))
    moved = np.linalg.norm(trained.update, axis=1)
    pairs: Vector = np.stack([moved[r[some]], np.abs(before[r, i][some])]) * trained.m**0.5
    return pairs


def same_set(m: Vector, pairs: Sequence[Coupled]) -> Check:
    """Check that the gradients agree for exactly the neurons without a flip."""
    different = sum(pair.different for pair in pairs)
    return Check(
        claim="neurons whose gradients agree, and that flipped, or the opposite: none",
        source=LEMMA,
        condition=(
            f"any weights: met; a row for each component, gradients in float64 that agree to "
            f"{AGREE:g} of the largest entry, m = {m.min()} .. {m.max()}"
        ),
        predicted=0.0,
        measured=float(different),
        bound=0.0,
        holds=different == 0,
    )


def share_above(m: Vector, share: Vector, bound: Vector) -> list[Check]:
    """Check at every width that enough neurons have equal gradients."""
    return [
        Check(
            claim=f"share of neurons with equal gradients >= 1 - k l flips, m = {m[w]}",
            source=LEMMA,
            condition="any weights: met" + ("; vacuous" if bound[w] <= 0 else ""),
            predicted=None,
            measured=float(share[w]),
            bound=float(bound[w]),
            holds=bool(share[w] >= bound[w]) if not bound[w] <= 0 else None,
        )
        for w in range(len(m))
    ]


def share_below_one(m: Vector, share: Vector) -> Check:
    """Check that some gradients differ: they are equal to a pseudo-gradient that is not frozen."""
    return Check(
        claim="share of neurons with equal gradients < 1, every m",
        source="Li-Liang Lemma 5.1, pseudo-gradient (1808.01204)",
        condition="a finite width, trained: some patterns flip",
        predicted=None,
        measured=float(share.max()),
        bound=1.0,
        holds=bool((share < 1).all()),
    )


def share_grows(m: Vector, share: Vector) -> Check:
    """Check that wider networks have a larger share of equal gradients."""
    least = float(np.diff(share[np.argsort(m)]).min(initial=np.inf))
    return Check(
        claim="share of neurons with equal gradients grows with m: least increase > 0",
        source=LEMMA,
        condition="goes to 1 with m at eta = c/m" + ("" if len(m) > 1 else "; one width alone"),
        predicted=None,
        measured=least if len(m) > 1 else None,
        bound=0.0,
        holds=least > 0 if len(m) > 1 else None,
    )


def flip_rule(moved: Sequence[Movement], rows: int) -> Check:
    r"""Check that patterns flipped only where \|w_r(0).x\| <= \|w_r(T) - w_r(0)\| \|x\|."""
    violations = sum(one.violations for one in moved)
    return Check(
        claim="flips where |w_r(0).x| > |w_r(T)-w_r(0)| |x|: none",
        source="Li-Liang Lemma 5.1, proof (1808.01204)",
        condition=f"any training; looked at on {rows} held-out rows",
        predicted=0.0,
        measured=float(violations),
        bound=0.0,
        holds=violations == 0,
    )


def way_of_neuron(m: Vector, ways: Vector) -> Check:
    """Check how far a neuron went, at the width where it is nearest to the bound."""
    at = int(np.nan_to_num(ways, nan=np.inf).argmax())
    return Check(
        claim=f"|w_r(T)-w_r(0)| / (2 eta T max_i |a_ir|) <= 1, every r (worst: m = {m[at]})",
        source="Li-Liang Lemma 5.1, proof (1808.01204)",
        condition="rows of unit norm, only W trained: met",
        predicted=None,
        measured=float(ways[at]),
        bound=1.0,
        holds=bool((ways <= 1).all()),
    )


def _panels(
    m: Vector, share: Vector, bound: Vector, distance: Vector, shown: Vector
) -> tuple[Panel, ...]:
    far = float(shown.max(initial=0.0))
    return (
        Panel(
            "Neurons whose gradient is the pseudo-gradient", "width $m$", "share",
            (
                curve(m, share, "measured"),
                curve(m, np.maximum(bound, 0), r"$1 - k\,l\,\times$ flips", "bound"),
                curve(m, distance, "relative distance of the gradients", colour=1),
            ),
            "log", x_limits=decades(m), y_limits=(0, 1),
        ),
        Panel(
            f"Flipped patterns, m = {m.max()}", r"$\sqrt{m}\,\|w_r(T)-w_r(0)\|$",
            r"$\sqrt{m}\,|w_r(0)\cdot x|$",
            (
                curve(shown[0], shown[1], "flipped pairs", "points"),
                curve([0, far], [0, far], "the rule: none above", "bound"),
            ),
        ),
    )  # fmt: skip
