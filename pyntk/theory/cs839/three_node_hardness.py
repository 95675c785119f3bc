"""Training a network of three nodes is as hard as set splitting."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from pyntk.theory.check import Check
from pyntk.theory.counts import admit_count
from pyntk.theory.cs839.admit import counts
from pyntk.theory.cs839.set_splitting import (
    Instance,
    Points,
    fits,
    part_of,
    random_instance,
    reduction,
    splits,
    splitting,
    train_three_nodes,
    triangle,
    units_of,
)
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

SOURCE: Final = "Blum, Rivest (Neural Networks 5, 1992)"


class Verdicts(NamedTuple):
    """Of one instance.

    Attributes:
        can_split: whether a splitting exists, by looking at all.
        can_train: whether a network fits the points, by looking at all divisions.
        network_of_splitting: whether the network made of the splitting fits; None without one.
        splitting_of_network: whether the part that a unit cuts off splits; None without a network.
    """

    can_split: bool
    can_train: bool
    network_of_splitting: bool | None
    splitting_of_network: bool | None


@routine(size=7, instances=100, sizes=(3, 4, 5, 6, 7, 8, 9, 10, 11))
def three_node_hardness(
    *,
    size: int = 5,
    instances: int = 60,
    sizes: Sequence[int] = (3, 4, 5, 6, 7, 8),
    most: int = 20,
    seed: int = 0,
    watch: Watch,
) -> Report:
    """A set can be split if and only if a network of three nodes fits its points.

    Set splitting is NP-complete: divide S into two parts such that no clause, a subset of S, lies
    in one of them. As points of R^k, k = |S|: the origin and the sum of the unit vectors of each
    clause are positive, each unit vector is negative. Two threshold units and an AND fit them if
    and only if S can be split; so training such a network is NP-complete too.

    Random instances are decided both ways: by looking at all 2^(k-1) splittings, and by looking at
    all 2^(k-1) ways in which two units can share the negative points, where a linear programme says
    if a unit can do its share. A splitting is made into a network, and a network into a splitting.

    Args:
        size: k of the random instances, at least 3.
        instances: how many, with k to 3 k clauses of two or three elements.
        sizes: increasing k at which both searches are timed, on an instance that cannot be split.
        most: the largest k at which the search for splittings alone is timed.
        seed: of the instances.
        watch: how far the routine is.

    Returns:
        Checks of agreement and of the two constructions. Series: ``can_split``, ``can_train``
        (instances,); ``sizes`` (s,), ``problems`` (s,) linear programmes, ``train_seconds`` (s,);
        ``split_sizes``, ``split_seconds`` (u,).

    Raises:
        TypeError, ValueError: an option out of its range.

    References:
        A. Blum, R. Rivest, "Training a 3-node neural network is NP-complete", Neural Networks 5
        (1992) 117-127.
    """
    size, instances = admit_count("size", size, 3), admit_count("instances", instances)
    timed, most = counts("sizes", sizes, 3), admit_count("most", most, 3)
    generator = np.random.default_rng(seed)
    drawn = [
        random_instance(size, int(generator.integers(size, 3 * size + 1)), generator)
        for _ in range(instances)
    ]
    verdicts = [decide(instance) for instance in watch.over(drawn, share=0.6)]
    problems, train_seconds = np.empty(len(timed)), np.empty(len(timed))
    for place in watch.over(range(len(timed)), share=0.9):
        begin = time.perf_counter()
        found = train_three_nodes(reduction(triangle(timed[place])))
        train_seconds[place], problems[place] = time.perf_counter() - begin, found.problems
    split_sizes = np.arange(3, max(most, timed[-1]) + 1)
    split_seconds = np.array([_seconds(splitting, triangle(int(k))) for k in split_sizes])
    series = {
        "can_split": np.array([v.can_split for v in verdicts]),
        "can_train": np.array([v.can_train for v in verdicts]),
        "sizes": np.array(timed), "problems": problems, "train_seconds": train_seconds,
        "split_sizes": split_sizes, "split_seconds": split_seconds,
    }  # fmt: skip
    return Report(
        name="three_node_hardness",
        title=f"{instances} random instances of set splitting, |S| = {size}",
        checks=checks(verdicts),
        series=series,
        data={"yes": int(series["can_split"].sum()), "no": int((~series["can_split"]).sum())},
        settings={"size": size, "instances": instances, "sizes": timed, "seed": seed},
        notes=(
            "the output node is an AND; for a free output node the proof adds points that force it",
            "what grows exponentially here is a search through all cases; that no algorithm avoids "
            "it is the theorem, if P is not NP",
        ),
        panels=(_panel(series),),
        columns=1,
    )


def decide(instance: Instance, points_of: Callable[[Instance], Points] = reduction) -> Verdicts:
    """Decide an instance both ways, and translate what was found.

    Args:
        instance: of set splitting.
        points_of: the reduction.
    """
    points = points_of(instance)
    part = splitting(instance)
    units = train_three_nodes(points).units
    return Verdicts(
        part is not None,
        units is not None,
        None if part is None else fits(units_of(part), points),
        None if units is None else splits(instance, part_of(units, instance.size)),
    )


def checks(verdicts: Sequence[Verdicts]) -> tuple[Check, ...]:
    """Return every check."""
    return (
        agreement(verdicts),
        _translation(
            [v.network_of_splitting for v in verdicts],
            "splittings whose network does not fit",
        ),
        _translation(
            [v.splitting_of_network for v in verdicts],
            "networks whose parts are no splitting",
        ),
    )


def agreement(verdicts: Sequence[Verdicts]) -> Check:
    """Check that an instance can be split if and only if its points can be fitted."""
    disagree = sum(v.can_split != v.can_train for v in verdicts)
    yes = sum(v.can_split for v in verdicts)
    both = 0 < yes < len(verdicts)
    return Check(
        claim=f"instances of {len(verdicts)} where splitting and training disagree = 0",
        source=SOURCE,
        condition=(
            f"both answers occur: {'met' if both else 'not met'}, {yes} can be split and "
            f"{len(verdicts) - yes} cannot"
        ),
        predicted=0.0,
        measured=float(disagree),
        bound=0.0,
        holds=disagree == 0 if both or disagree else None,
    )


def _translation(outcomes: Sequence[bool | None], what: str) -> Check:
    """Check one of the two constructions of the proof."""
    made = [outcome for outcome in outcomes if outcome is not None]
    failed = made.count(False)
    return Check(
        claim=f"{what} = 0, of {len(made)}",
        source=SOURCE,
        condition="the instance can be split: met" if made else "no instance can be split",
        predicted=0.0,
        measured=float(failed),
        bound=0.0,
        holds=failed == 0 if made else None,
    )


def _seconds(search: Callable[[Instance], Any], instance: Instance) -> float:
    """Return the shortest time of three."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        search(instance)
        times.append(time.perf_counter() - begin)
    return min(times)


def _panel(series: dict[str, Any]) -> Panel:
    """Return both searches' times against |S|."""
    k, seconds = series["sizes"], series["train_seconds"]
    u, quick = series["split_sizes"], series["split_seconds"]
    return Panel(
        "Searching all cases of an instance that has no solution", "$|S|$", "seconds",
        (
            curve(k, seconds, "training: linear programmes", colour=1),
            curve(u, quick, "splitting: all parts of $S$"),
            curve(k, seconds[-1] * 2.0 ** (k - k[-1]), "twofold per element", "predicted"),
            curve(u[u > 13], quick[-1] * 2.0 ** (u[u > 13] - u[-1]), "", "predicted"),
        ),
        "linear", "log",
    )  # fmt: skip
