"""What is claimed about fitting true and random labels."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from pyntk.theory.check import Check
from pyntk.theory.cs839.fitting import LEVELS, Fit

ZHANG: Final = "Zhang et al. {} (1611.03530)"
ARORA: Final = "Arora Thm 4.1 (1901.08584)"

# Declared beforehand, for the clusters: 61 draws of the data lie within them with room to spare.
SLOWER: Final = 2.2
"""Steps of random over those of true labels, to a root mean square of .1 (seen: 3.3 - 8.1)."""
SLOWER_TO_THE_END: Final = (2.0, 0.6)
"""The same to .01, and how far it may be off (seen: 1.67 - 2.35)."""
TRUE_ERROR: Final = 0.02
RANDOM_ERROR: Final = 0.15
"""Test errors: below the first for true, above the second for random labels (seen: .29 - .66)."""
TRUE_COMPLEXITY: Final = 1.3
RANDOM_COMPLEXITY: Final = (2.8, 0.5)
COMPLEXITY_RATIO: Final = 2.0
SHARE: Final = (0.15, 0.15, 0.15, 0.25)
"""How far the steps to each level may be from the prediction, as a share of it; or one step."""
MEMORY: Final = 1e-8
NOTHING: Final = "nothing"
CLUSTERS: Final = "100 rows of the clusters"


def checks(
    fits: Mapping[str, Fit],
    errors: Mapping[str, float],
    n: int,
    d: int,
    *,
    declared: bool,
    width: int,
) -> tuple[Check, ...]:
    """Return every check.

    Args:
        fits: by the way in which the data were changed.
        errors: of the network of 2n + d weights, by the same.
        n: training rows.
        d: inputs.
        declared: whether the data are the clusters that the numbers were declared for.
        width: m.
    """
    true, random = fits["true labels"], fits["random labels"]
    return (
        all_fitted(fits),
        slower(true, random, declared),
        slower_to_the_end(true, random, declared),
        *(
            as_predicted(kind, fits[kind], width, declared)
            for kind in ("true labels", "random labels")
        ),
        order_of_features(true, fits["shuffled features"]),
        true_generalises(true, declared),
        random_does_not(random, declared),
        *complexities(true, random, declared),
        *(represents(kind, error, n, d) for kind, error in errors.items()),
    )


def all_fitted(fits: Mapping[str, Fit]) -> Check:
    """Check that every row is on its side at the end, however the data were changed."""
    worst = max(fits, key=lambda kind: fits[kind].train_error)
    measured = fits[worst].train_error
    return Check(
        claim=f"largest training error at the end = 0, of {len(fits)} ways",
        source=ZHANG.format("sec. 2, fig. 1a"),
        condition="a network wide enough, and steps enough: see the settings"
        + (f"; the largest is that of {worst}" if measured else ""),
        predicted=0.0,
        measured=measured,
        bound=0.0,
        holds=measured == 0,
    )


def slower(true: Fit, random: Fit, declared: bool) -> Check:
    """Check that random labels take longer, to a root mean square of .1.

    Where they do not get there, the steps that were taken are fewer than they take.
    """
    at = LEVELS.index(0.1)
    reached = bool(np.isfinite(random.steps[at]))
    taken = random.steps[at] if reached else len(random.rmse) - 1
    measured = float(taken / true.steps[at])
    bound = SLOWER if declared else 1.0
    return Check(
        claim="steps to rmse .1: random / true labels > bound",
        source=ZHANG.format("fig. 1a, b"),
        condition=_declared(declared, "that random labels take longer")
        + ("" if reached else "; they did not get there in the steps taken, which are counted"),
        predicted=float(random.predicted_steps[at] / true.predicted_steps[at]),
        measured=measured,
        bound=bound,
        holds=measured > bound,
    )


def slower_to_the_end(true: Fit, random: Fit, declared: bool) -> Check:
    """Check that to a root mean square of .01 they take about twice as long."""
    at = LEVELS.index(0.01)
    measured = float(random.steps[at] / true.steps[at])
    middle, allowed = SLOWER_TO_THE_END
    return Check(
        claim=f"steps to rmse .01: random / true labels = {middle:g} +- bound",
        source=ZHANG.format("fig. 1a, b"),
        condition=_declared(declared, NOTHING),
        predicted=middle,
        measured=measured,
        bound=allowed,
        holds=abs(measured - middle) <= allowed if declared else None,
    )


def as_predicted(kind: str, one: Fit, width: int, declared: bool = True) -> Check:
    """Check the steps to each level, if reached or predicted, against the kernel's prediction."""
    speaks = (one.predicted_steps < len(one.rmse)) | np.isfinite(one.steps)
    allowed = np.maximum(1, np.array(SHARE) * one.predicted_steps)
    off = np.nan_to_num(np.abs(one.steps - one.predicted_steps) / allowed, nan=np.inf)
    at = int(np.argmax(np.where(speaks, off, -1.0)))
    levels = np.array(LEVELS)[speaks if speaks.any() else slice(None)]
    return Check(
        claim=f"{kind}: steps to rmse {', '.join(f'{v:g}' for v in levels)} = "
        f"prediction +- bound (worst: {LEVELS[at]:g})",
        source=ARORA,
        condition=(
            f"proven for widths far beyond the {width} here, and tested with the larger of one "
            f"step and {SHARE[at]:.0%}"
            + ("" if declared else ", which is declared for the clusters alone: no verdict")
            + ("" if speaks.any() else "; no level is near in the steps taken")
        ),
        predicted=float(one.predicted_steps[at]),
        measured=float(one.steps[at]),
        bound=float(allowed[at]),
        holds=bool((off[speaks] <= 1).all()) if declared and speaks.any() else None,
    )


def order_of_features(true: Fit, shuffled: Fit) -> Check:
    """Check that one order of the features for all rows changes nothing, to .1."""
    at = LEVELS.index(0.1)
    expected, measured = float(true.steps[at]), float(shuffled.steps[at])
    allowed = max(1.0, SHARE[at] * expected)
    return Check(
        claim="features in another order: steps to rmse .1 = those of true labels +- bound",
        source=ZHANG.format("fig. 1a"),
        condition="H depends on products of rows alone: met, by a network without convolutions",
        predicted=expected,
        measured=measured,
        bound=allowed,
        holds=abs(measured - expected) <= allowed,
    )


def true_generalises(true: Fit, declared: bool) -> Check:
    """Check that true labels are learned."""
    return Check(
        claim="true labels: test error < bound",
        source=ZHANG.format("table 1"),
        condition=_declared(declared, NOTHING),
        predicted=None,
        measured=true.test_error,
        bound=TRUE_ERROR,
        holds=true.test_error < TRUE_ERROR if declared else None,
    )


def random_does_not(random: Fit, declared: bool) -> Check:
    """Check that random labels are memorised only."""
    return Check(
        claim="random labels: test error > bound",
        source=ZHANG.format("table 1"),
        condition=_declared(declared, f"as for the clusters, {RANDOM_ERROR:g}"),
        predicted=0.5,
        measured=random.test_error,
        bound=RANDOM_ERROR,
        holds=random.test_error > RANDOM_ERROR,
    )


def complexities(true: Fit, random: Fit, declared: bool) -> tuple[Check, ...]:
    """Check sqrt(2 y'H^-1 y/n) of true labels, of random ones, and their ratio."""
    source = "Arora Thm 5.1, sec. 5 (1901.08584)"
    middle, allowed = RANDOM_COMPLEXITY
    said = _declared(declared, NOTHING)
    ratio, least = random.complexity / true.complexity, COMPLEXITY_RATIO if declared else 1.0
    return (
        Check("true labels: sqrt(2y'H^-1 y/n) < bound", source, said, None, true.complexity,
              TRUE_COMPLEXITY, true.complexity < TRUE_COMPLEXITY if declared else None),
        Check(f"random labels: sqrt(2y'H^-1 y/n) = {middle:g} +- bound", source, said, middle,
              random.complexity, allowed,
              abs(random.complexity - middle) <= allowed if declared else None),
        Check("sqrt(2y'H^-1 y/n): random / true labels > bound", source,
              _declared(declared, "that random labels have the larger one"), None, ratio, least,
              ratio > least),
    )  # fmt: skip


def represents(kind: str, error: float, n: int, d: int) -> Check:
    """Check that the network of 2n + d weights has the labels as its outputs."""
    return Check(
        claim=f"{kind}: max |c(x_i) - y_i| <= bound with 2n + d = {2 * n + d} weights",
        source=ZHANG.format("Thm 1"),
        condition="rows all different: met; float64, forward substitution",
        predicted=0.0,
        measured=error,
        bound=MEMORY,
        holds=error <= MEMORY,
    )


def _declared(declared: bool, otherwise: str) -> str:
    """Say for which data a number was declared, and what is checked of others."""
    if declared:
        return "the clusters: met; the number was declared beforehand, from other draws of them"
    return f"the number is declared for {CLUSTERS}; checked of other data: {otherwise}"
