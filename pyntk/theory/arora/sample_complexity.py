"""Which samples cost most: the complexity that is missing without each of them."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import eigvalsh, leave_one_out_complexity, ntk_gram
from pyntk.theory.arora.noise import complexity
from pyntk.theory.arora.sample_scores import (
    IDENTITY,
    Search,
    damage_undone,
    identity,
    lowest_first,
    pruned_losses,
    refits,
    search,
    wrong_first,
)
from pyntk.theory.check import Check
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.rows import UNIT_ROUNDOFF
from pyntk.theory.sample import Sample, draw
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SHARES: Final = tuple(k / 10 for k in range(10))
"""Shares of the samples that are removed."""
KINDS: Final = ("true", "flipped")
ORDERS: Final = ("highest", "random", "lowest")


@routine(data="mnist", rows=5000, held_out=2000)
def sample_complexity(
    data: Any = "digits",
    *,
    rows: int = 250,
    held_out: int = 110,
    portion: float = 0.1,
    draws: int = 5,
    left_out: int = 12,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""The complexity y' H^-1 y that each sample adds ranks samples; wrong labels come first.

    The score of sample k is what is missing without it,

        y'H^-1 y - y_-k' H_-k^-1 y_-k = (H^-1 y)_k^2 / (H^-1)_kk = \|f - f_-k\|^2,

    f and f_-k the interpolants of H with and without the sample, the norm that of the kernel's
    space. One factorisation gives all scores. Samples with wrong labels score high; without the
    samples of low score the rest says nearly as much.

    Args:
        data: a data set's name, a DataSet, or (X, y).
        rows: n, training rows.
        held_out: rows with true labels on which the test loss is measured.
        portion: of the training labels that are flipped, above 0 and below 1/2.
        draws: independent choices of the flipped labels, and of samples removed at random.
        left_out: t, samples that are left out and the rest fitted anew, spread over the ranks.
        seed: of the split and of the draws.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the two identities, of the AUC of the score for flipped labels, and of removing
        samples: the highest scores against random ones where labels are flipped, the lower half
        of the scores against the upper half where labels are true. Series: ``scores`` (n,) for
        true labels; ``left_out`` (t,) indices and ``refitted`` (2, t) what leaving them out gave;
        ``noisy_scores`` and ``flipped`` (draws, n); ``auc`` (draws,); ``found`` (draws, n + 1)
        share of flipped labels among the highest scores; ``shares`` (s,) removed;
        ``loss_true_ORDER`` and ``loss_flipped_ORDER`` (draws, s), mean min(\|f - y\|, 1), ORDER
        highest, random or lowest.

    Raises:
        numpy.linalg.LinAlgError: H is singular to working precision: two rows nearly equal.

    References:
        K. Nohyun, H. Choi, H. W. Chung, "Data valuation without training of a model", ICLR 2023,
        arXiv 2301.00930; arXiv 1901.08584, Theorem 5.1.
    """
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    sample = draw(data, rows, held_out, seed=seed)
    n, d = sample.X.shape
    count = _admit(sample, portion, draws, left_out)
    H, cross = ntk_gram(sample.X, **how), ntk_gram(sample.X_test, sample.X, **how)
    root = complexity(H, sample.y)
    scores = leave_one_out_complexity(H, sample.y)
    places = np.linspace(0, n - 1, min(left_out, n)).round().astype(np.int64)
    out = np.argsort(-scores, kind="stable")[places]
    refitted = refits(H, sample.y, out.tolist())
    generator = np.random.default_rng([seed, 4])
    found = search(H, sample.y, count, draws, generator)
    losses = np.empty((len(KINDS), len(ORDERS), draws, len(SHARES)))
    for k in watch.over(range(draws)):
        at_random = generator.permutation(n)
        for kind, (y, score) in enumerate(((sample.y, scores), (found.Y[k], found.scores[k]))):
            highest = np.argsort(-score, kind="stable")
            losses[kind, :, k] = [
                pruned_losses(H, cross, y, sample.y_test, order, SHARES)
                for order in (highest, at_random, highest[::-1])
            ]
    eigenvalues = eigvalsh(H)
    condition = float(eigenvalues[-1] / eigenvalues[0])
    allowed, mean = max(IDENTITY, n * UNIT_ROUNDOFF * condition), float(scores.mean())
    known = (sample.name, sample.classes) == ("digits", ("0", "1"))
    names = [f"loss_{kind}_{which}" for kind in KINDS for which in ORDERS]
    return Report(
        name="sample_complexity",
        title=f"what each of {n} samples adds to y' H^-1 y on {sample.full_name}",
        checks=(
            identity(
                "|score - (y'H^-1y - y_-k'H_-k^-1y_-k)| / score <= bound",
                scores[out], refitted[0], mean, allowed,
            ),
            identity(
                "|score - |f - f_-k|^2| / score <= bound", scores[out], refitted[1], mean, allowed
            ),
            wrong_first(found, known),
            *_pruning(losses, portion, root, known),
        ),
        series={
            "scores": scores, "left_out": out, "refitted": refitted,
            "noisy_scores": found.scores, "flipped": found.wrong, "auc": found.areas,
            "found": found.found, "shares": np.array(SHARES),
            **dict(zip(names, losses.reshape(-1, draws, len(SHARES)), strict=True)),
        },
        data={
            "name": sample.full_name, "n": n, "held_out": len(sample.y_test), "d": d,
            "complexity": root, "condition": condition,
        },
        settings={"portion": portion, "draws": draws, "left_out": len(out), "seed": seed},
        notes=sample.notes,
        panels=_panels(found, losses, portion),
    )  # fmt: skip


def _admit(sample: Sample, portion: float, draws: int, left_out: int) -> int:
    """Return how many labels are flipped, or raise ValueError."""
    n = len(sample.y)
    if not len(sample.y_test):
        raise ValueError("held_out must be at least 1")
    if not (0 < portion < 0.5 and round(portion * n) >= 1):
        raise ValueError(f"portion must be in (0, 1/2) and flip a label of {n}, not {portion:g}")
    if draws < 1 or left_out < 1:
        raise ValueError(f"draws and left_out must be at least 1, not {draws} and {left_out}")
    return round(portion * n)


def _pruning(losses: Matrix, portion: float, root: float, known: bool) -> tuple[Check, Check]:
    """Check what removing samples does to the held-out loss, in the mean over the draws."""
    mean = losses.mean(axis=2)
    few, half = int(np.argmin(np.abs(np.array(SHARES[1:]) - portion))) + 1, SHARES.index(0.5)
    highest, at_random, _ = mean[1, :, few]
    return (
        damage_undone(at_random - highest, at_random - mean[0, 0, 0], SHARES[few], known),
        lowest_first(mean[0, 2, half], mean[0, 0, half], root),
    )


def _panels(found: Search, losses: Matrix, portion: float) -> tuple[Panel, ...]:
    """Where wrong labels score, how soon they are found, and what removing samples does."""
    positive = found.scores[found.scores > 0]
    edges = np.geomspace(positive.min(), positive.max(), 31)
    right, wrong = (
        np.histogram(found.scores[chosen], edges)[0] / chosen.sum() * 100
        for chosen in (~found.wrong, found.wrong)
    )
    share = np.linspace(0, 1, found.found.shape[1])
    return (
        Panel(
            f"Scores, {portion:.0%} of the labels flipped", "score", "% of the samples of a kind",
            (
                curve(edges, right, "true labels", "bars"),
                curve(edges, wrong, "flipped labels", "bars", colour=1),
            ),
            x_scale="log",
        ),
        Panel(
            "Search for the flipped labels", "share of samples looked at, highest score first",
            "share of flipped labels found",
            (
                curve(share, found.found.mean(axis=0), "by score", colour=1),
                curve(share, np.minimum(share / portion, 1), "no search can be faster", "bound"),
                curve(share, share, "at random", "predicted"),
            ),
        ),
        _pruned("True labels: held-out loss", losses[0]),
        _pruned(f"{portion:.0%} flipped: held-out loss", losses[1]),
    )  # fmt: skip


def _pruned(title: str, losses: Matrix) -> Panel:
    """The loss against the share of samples removed, in three orders."""
    labels = ("highest score first", "at random", "lowest score first")
    curves = tuple(
        curve(SHARES, values.mean(axis=0), label, colour=colour, spread=values.std(axis=0))
        for values, label, colour in zip(losses, labels, (1, 6, 0), strict=True)
    )
    return Panel(
        title, "share of samples removed", "mean min$(|f - y|, 1)$", curves, y_limits=(0, None)
    )
