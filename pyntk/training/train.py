"""Training a two-layer network: gradient descent, SGD, one-pass SGD, with or without noise."""

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk.arrays import admit, to_host
from pyntk.contract import LOSSES, Descent
from pyntk.distributions import Distribution
from pyntk.loss import Loss
from pyntk.memory import require
from pyntk.network import TwoLayer
from pyntk.places import placed
from pyntk.progress import admit_progress, counted
from pyntk.recipe import Trained
from pyntk.scalars import admit_count, admit_integer, admit_number
from pyntk.schedule import step_sizes
from pyntk.training.batches import Batches, Fresh, FullBatch, WithoutReplacement, WithReplacement
from pyntk.training.draw import Draw, admit_seed
from pyntk.training.loop import Loop
from pyntk.training.records import Series, Subject, admit_record, quantities
from pyntk.training.run import DivergenceError, Record, Run
from pyntk.training.stable_step import MOST_PRODUCTS, MOST_ROWS, spread, stable_step_size
from pyntk.training.trainee import Samples, Trainee

DIVERGED: Final = 1e6
"""A loss so many times that of the start is a divergence."""


@placed
def train(
    net: TwoLayer,
    data: Any,
    *,
    step_size: Any,
    steps: int,
    loss: Loss = "half_squares",
    batch: int | None = None,
    replacement: bool = True,
    trained: Trained = "first",
    record: Mapping[str, Any] | None = None,
    evaluate: Any = None,
    quantiles: Any = (0.1, 0.5, 0.9),
    weight_decay: float = 0.0,
    temperature: float = 0.0,
    seed: int = 0,
    progress: Any = False,
) -> Run:
    """Train a network in place, without the interpreter between the steps.

    A step takes each parameter that is trained from theta to

        (1 - eta weight_decay) theta - eta d loss / d theta + sqrt(2 eta temperature) z,

    eta its step size, loss that of its batch, z standard normal. It runs in the dtype of the
    network, to which data and targets are rounded. All randomness comes from ``seed``: a run gives
    the same bits for any number of threads, and for anything that is recorded.

    Args:
        net: trained in place.
        data: (X, y) as for ``net.loss_and_gradient``; or a distribution of
            :mod:`pyntk.distributions`, of which every step takes new samples.
        step_size: a number, an array (steps,), a function of the array of step numbers 0, 1, ...,
            or a schedule of :mod:`pyntk.schedule`.
        steps: how many.
        loss: its name, as for ``net.loss_and_gradient``, of the batch: "half_squares" is a sum
            over the batch, the others are means.
        batch: samples in a step; None for all of (X, y), and for 1 of a distribution.
        replacement: whether the rows of a batch are drawn independently of all others. With False
            an epoch takes the first floor(n / batch) batches of a new permutation of the rows, and
            leaves the n mod batch others out.
        trained: "first" (W and b), "last" (a and c) or "all".
        record: what is recorded and when: names to an interval n (steps 0, n, 2 n, ... and the
            last) or to increasing step numbers; step k means after k steps.

            - "loss": on all data; "batch_loss": of the batch of each step, before it (interval 1);
            - "residual": f - y on the data, for a loss of squares;
            - "distance": of (W, b) from the start, a :class:`pyntk.Distance`;
            - "flips": share of the activation patterns on the data that differ from the start's;
            - "outputs": on ``evaluate``;
            - "weights": copies of W, b, a, c;
            - "norms": quantiles of |w_r|.

            For a distribution the data are those of ``evaluate``.
        evaluate: (X, y), or X alone where no targets are needed.
        quantiles: which of the norms, in [0, 1].
        weight_decay: as above; biases are parameters too.
        temperature: as above.
        seed: 0 ... 2^64 - 1, of batches, fresh samples and noise.
        progress: True shows a bar with the time left; a callable(done, total) is called about
            every 0.1 s.

    Returns:
        What was recorded. After Ctrl-C the run so far, with ``interrupted=True``; the network then
        holds the parameters after ``run.steps`` steps.

    Raises:
        DivergenceError: a loss is NaN, infinite, or 10^6 times that of the start (or of zero
            outputs, if that is larger). The network is put back to what it was.
        ValueError: shapes, ranges, NaN or infinity, unknown names, before anything is trained.
        TypeError: arguments of a wrong type, before anything is trained.
        MemoryError: as for :func:`ntk_gram`, with the records, before anything is trained.

    References:
        S. Arora et al., arXiv 1901.08584; S. Du et al., arXiv 1810.02054; Y. Li, Y. Liang, arXiv
        1808.01204; Y. Tian, arXiv 1909.13458; S. Mei et al., arXiv 1804.06561.
    """
    trainee = Trainee(net, loss, trained)
    count = admit_integer("steps", steps)
    if count < 0:
        raise ValueError(f"steps must be at least 0, not {count}")
    sizes = step_sizes(step_size, count, trainee.layers.W.shape[0])
    if not isinstance(replacement, (bool, np.bool_)):
        raise TypeError(f"replacement must be True or False, not {type(replacement).__name__}")
    admit_progress(progress)
    when = admit_record(record, count)
    descent = Descent(
        trainee.loss, trainee.trained, trainee.has_output_bias, net.scale,
        weight_decay=admit_number("weight_decay", weight_decay, least=0),
        temperature=admit_number("temperature", temperature, least=0),
        seed=admit_seed(seed),
    )  # fmt: skip
    batches, rows = _batches(trainee, data, batch, replacement, count, descent.seed)
    evaluation = None if evaluate is None else _evaluation(trainee, evaluate)
    require("train", sum(array.nbytes for array in trainee.layers), on_device=trainee.on_device)
    start = trainee.copies()
    measured = evaluation if isinstance(data, Distribution) else rows
    subject = Subject(trainee, start, measured, evaluation, _quantiles(quantiles))
    kinds = quantities(subject, when)
    series = {name: Series(kind, when[name]) for name, kind in kinds.items()}
    losses = np.full(count, np.nan) if "batch_loss" in when else None
    limit = min(DIVERGED * _size_of_start(trainee, rows, batches.size), sys.float_info.max)
    loop = Loop(trainee, batches, sizes, descent._replace(limit=limit), losses)

    def run(*, interrupted: bool = False, diverged: bool = False) -> Run:
        records = {name: one.record() for name, one in series.items()}
        if losses is not None:
            seen = losses[: loop.steps + diverged]
            records["batch_loss"] = Record(np.arange(len(seen)), seen)
        return Run(net, loop.steps, interrupted, {name: records[name] for name in when})

    try:
        with counted(progress, count) as report:
            goes_well = _descend(loop, series, count, report)
    except KeyboardInterrupt:
        return run(interrupted=True)
    if goes_well:
        return run()
    found = run(diverged=True)
    trainee.restore(start)
    raise _divergence(trainee, rows, batches.size, sizes, descent.weight_decay, loop, found)


def _descend(
    loop: Loop, series: dict[str, Series], steps: int, report: Callable[[int], None]
) -> bool:
    """Take all steps, and measure where it is due; False if the loss is not at most the limit."""
    while True:
        point = min((one.due for one in series.values()), default=steps)
        if not loop.to(min(point, steps), report):
            return False
        if point > steps or not series:
            return steps == 0 or loop.ends_well()
        for one in series.values():
            if one.due == point:
                one.take()


def _divergence(
    trainee: Trainee,
    rows: Samples,
    batch: int,
    sizes: NDArray[np.float64],
    weight_decay: float,
    loop: Loop,
    run: Run,
) -> DivergenceError:
    """Return the error, with the stable step size of the network as it was put back."""
    step, stable = run.steps, stable_step_size(trainee, rows, batch, weight_decay)
    eta = float(sizes[max(step - 1, 0)])
    return DivergenceError(
        f"training diverged: the loss after step {step} is {loop.loss:.3g}, with step_size "
        f"{eta:.6g}; steps below 2 / lambda_max = {stable:.6g} are stable at the start, "
        "to which the network is put back",
        step=step, step_size=eta, stable_step_size=stable, run=run,
    )  # fmt: skip


def _batches(
    trainee: Trainee, data: Any, batch: Any, replacement: bool, steps: int, seed: int
) -> tuple[Batches, Samples]:
    """Return the batches, and the data (the first samples of a distribution)."""
    size = None if batch is None else admit_count("batch", batch)
    if isinstance(data, Distribution):
        d = trainee.net.W.shape[1]
        if data.d != d:
            raise ValueError(f"data must have d = {d} as the network, not d = {data.d}")
        fresh = Fresh(trainee, data, size or 1, steps, seed)
        return fresh, fresh.rows(0, MOST_ROWS)
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(
            "data must be (X, y) or a distribution of pyntk.distributions, not "
            f"{type(data).__name__}"
        )
    X, y = data
    if y is None:
        raise TypeError("y must be an array, not None")
    rows = trainee.samples(X, y)
    if size is None:
        return FullBatch(trainee, rows), rows
    draw = Draw(seed, trainee.backend, trainee.threads)
    n = rows.X.shape[0]
    if not replacement and size > n:
        raise ValueError(f"batch must be at most n = {n} without replacement, not {size}")
    drawn = WithReplacement if replacement else WithoutReplacement
    return drawn(rows, size, steps, draw), rows


def _evaluation(trainee: Trainee, evaluate: Any) -> Samples:
    """Admit ``evaluate=``."""
    given = evaluate if isinstance(evaluate, tuple) else (evaluate,)
    if len(given) not in (1, 2):
        raise ValueError(f"evaluate must be X or (X, y), not a tuple of {len(given)}")
    try:
        return trainee.samples(*given)
    except (TypeError, ValueError) as error:
        raise type(error)(f"evaluate: {error}") from None


def _quantiles(quantiles: Any) -> NDArray[np.float64]:
    found: NDArray[np.float64] = to_host(admit(quantiles=(quantiles, "q"))[0]).astype(np.float64)
    if not ((found >= 0) & (found <= 1)).all():
        raise ValueError(f"quantiles must be in [0, 1], not {found.tolist()}")
    return found


def _size_of_start(trainee: Trainee, rows: Samples, batch: int) -> float:
    """Return the loss of a batch at the start, or that of outputs 0 if it is larger.

    So a network that fits already may fluctuate. Where both are 0, the loss of outputs off by 1.
    """
    some = spread(rows, min(MOST_ROWS, max(16, MOST_PRODUCTS // trainee.layers.W.size)))
    n, k = some.Y.shape
    if trainee.loss == LOSSES["logistic"]:
        of_zero = k * math.log(2)
    elif trainee.loss == LOSSES["softmax"]:
        of_zero = math.log(k)
    else:
        squares = float((some.Y.astype(np.float64) ** 2).sum())
        of_zero = squares / 2 if trainee.loss == LOSSES["half_squares"] else squares / n
    of_start, _ = trainee.loss_of(some)
    size = max((loss for loss in (of_start, of_zero) if math.isfinite(loss)), default=1.0)
    if trainee.loss == LOSSES["half_squares"]:
        size *= batch / n
    return size or float(batch * k)
