"""How well networks near their start can fit random signs: their Rademacher complexity."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import TwoLayer, finite_width_gram, ntk_gram
from pyntk.theory.arora import rademacher_checks as claims
from pyntk.theory.counts import admit_count, admit_counts, admit_positive
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.sample import draw
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

HALVINGS: Final = 4
"""Sizes of the sample: n, n/2, ..., so many."""


@routine(rows=1000, widths=(4096, 32_768, 262_144), draws=50, signs=10_000)
def rademacher(
    data: Any = "sphere",
    *,
    rows: int = 200,
    widths: Sequence[int] = (1024, 8192, 65_536),
    B: float = 1.0,
    radius: float = 2.0,
    kappa: float = 1.0,
    draws: int = 20,
    signs: int = 4000,
    delta: float = 0.01,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Networks within B of their start fit random signs no better than B / sqrt(2 n), and a rest.

    The class is f_W with \|W - W(0)\|_F <= B and \|w_r - w_r(0)\| <= R for every neuron, and
    R_S = (1/n) E_eps sup_W sum_i eps_i f_W(x_i), eps_i = +-1. With probability 1 - delta over W(0)
    R_S <= B/sqrt(2n) (1 + (2 log(2/delta)/m)^(1/4)) + 2 R^2 sqrt(m)/kappa + R sqrt(2 log(2/delta)).

    Linearised at the start the class has R_S = (B/n) E sqrt(eps' H(0) eps) exactly, which is
    estimated by drawing eps. It lies between (B/n) t^(3/2) / sqrt(t^2 + 2 s), t = trace H and s the
    sum of H_ij^2, i != j (Hoelder's inequality for the moments of eps' H eps), and (B/n)
    sqrt(trace H(0)), trace H(0) <= (n/2) (1 + sqrt(2 log(2/delta)/m)). The maximiser of the
    linearised class, W(0) + B Z eps / \|Z eps\| with its neurons pulled back to the distance R
    where they go beyond, is put into the network: that is in the class, so what it reaches bounds
    R_S from below.

    Args:
        data: a data set's name, a DataSet, or (X, y); the labels are not looked at.
        rows: n.
        widths: the widths m.
        B: bound of \|W - W(0)\|_F.
        radius: R sqrt(m) / B: how much further than all on average one neuron may go.
        kappa: standard deviation of the entries of W(0).
        draws: sign vectors that are put into each network, at least 2.
        signs: sign vectors of the linearised class, at least 2.
        delta: probability with which a bound may fail, for each width.
        seed: of the data, the networks and the signs.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the linearised class from both sides, of the lemma, and of how far the network is
        from its linearisation. Series: ``widths`` (w,), ``sizes`` (s,) the n; ``linearised``,
        ``linearised_error`` (w, s), R_S and its standard error; ``reached`` (w, draws) by the
        network, ``reached_linear`` (w, draws) by its linearisation at the same place; ``bound``
        (w,) of the lemma.

    References:
        arXiv 1901.08584, Lemma 5.4. The lower bounds are ours.
    """
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    m = np.array(admit_counts("widths", widths))
    draws, signs = admit_count("draws", draws, 2), admit_count("signs", signs, 2)
    delta, B = admit_positive("delta", delta, 1), admit_positive("B", B)
    radius, kappa = admit_positive("radius", radius), admit_positive("kappa", kappa)
    sample = draw(data, admit_count("rows", rows), seed=seed)
    X, (n, d) = sample.X, sample.X.shape
    sizes = np.unique([max(n >> k, 2) for k in range(HALVINGS)])
    generator = np.random.default_rng([seed, 1])
    eps = generator.choice([-1.0, 1.0], (signs, n))
    value, error = np.empty((2, len(m), len(sizes)))
    reached, linear = np.empty((2, len(m), draws))
    for w in watch.over(range(len(m))):
        network = TwoLayer.ntk(
            int(m[w]), d, kappa=kappa, seed=1000 * seed + w, dtype=np.float32,
            derivative_at_zero=1, **how,
        )  # fmt: skip
        H0 = finite_width_gram(X, network.W.astype(np.float64), derivative_at_zero=1, **how)
        for s, size in enumerate(sizes):
            value[w, s], error[w, s] = linearised(H0[:size, :size], eps[:, :size], B)
        R = radius * B / float(m[w]) ** 0.5
        for k in watch.over(range(draws)):
            reached[w, k], linear[w, k] = fit_signs(network, X, eps[k], B, R)
    H = ntk_gram(X, **how)
    least = np.array([claims.moments(H[:s, :s]) for s in sizes]) / np.sqrt(sizes / 2)
    terms = claims.lemma_terms(n, m, B, radius * B / np.sqrt(m), kappa, delta)
    return Report(
        name="rademacher",
        title=f"random signs on {sample.name}, networks within B = {B:g} of their start",
        checks=(
            claims.at_most(value, error, m, sizes, B, delta),
            claims.at_least(value, error, m, sizes, least, B),
            claims.lemma(reached, terms, m, delta),
            claims.linearisation(reached, linear, terms, m),
        ),
        series={
            "widths": m, "sizes": sizes, "linearised": value, "linearised_error": error,
            "reached": reached, "reached_linear": linear, "bound": terms[0] + terms[1] + terms[2],
        },
        data={"name": sample.name, "n": n, "d": d},
        settings={
            "widths": m.tolist(), "B": B, "radius": radius, "kappa": kappa, "draws": draws,
            "signs": signs, "delta": delta, "seed": seed,
        },
        notes=sample.notes,
        panels=_panels(m, sizes, B, value, error, least, reached, terms, delta),
    )  # fmt: skip


def linearised(H0: Matrix, eps: Matrix, B: float) -> tuple[float, float]:
    """Return R_S of the linearised class, (B/n) E sqrt(eps' H(0) eps), and its standard error."""
    form = ((eps @ H0) * eps).sum(axis=1)
    values = B / len(H0) * np.sqrt(np.maximum(form, 0.0))
    return float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)


def fit_signs(network: TwoLayer, X: Matrix, eps: Vector, B: float, R: float) -> tuple[float, float]:
    """Return (1/n) sum eps_i (f_W - f_W(0))(x_i) at the linearised maximiser, and linearised.

    What f_W(0) adds to the sum has the mean 0, so leaving it out only removes scatter.
    """
    rows, signs = X.astype(np.float32), eps.astype(np.float32)
    before, start = network.forward(rows), network.W.copy()
    # Of 1/2 |f - y|^2 with y = f(0) - eps the gradient is Z eps.
    _, gradients = network.loss_and_gradient(rows, before - signs)
    step = maximiser(gradients.dW, B, R)
    network.W = start + step
    gained = float(eps @ (network.forward(rows) - before)) / len(X)
    network.W = start
    return gained, float((step.astype(np.float64) * gradients.dW).sum()) / len(X)


def maximiser(Z_eps: Any, B: float, R: float) -> Any:
    """Return B Z eps / |Z eps|, its rows shortened to R where they are longer."""
    step = B * Z_eps / np.linalg.norm(Z_eps)
    length = np.linalg.norm(step, axis=1, keepdims=True)
    return step * np.minimum(1, R / np.maximum(length, np.finfo(np.float32).tiny))


def _panels(
    m: Any, sizes: Any, B: float, value: Matrix, error: Matrix, least: Vector, reached: Matrix,
    terms: claims.Terms, delta: float,
) -> tuple[Panel, ...]:  # fmt: skip
    scale = B / np.sqrt(2 * sizes)
    first, movement, start = terms
    top = float(claims.trace_bound(m[-1:], delta)[0])
    bound = first + movement + start
    return (
        Panel(
            "Linearised class", "rows $n$", r"$R_S \; / \; (B / \sqrt{2n})$",
            (
                *(
                    curve(sizes, value[w] / scale, f"$m$ = {m[w]:,}", colour=w,
                          spread=2 * error[w] / scale)
                    for w in range(len(m))
                ),
                curve(sizes, least, "from the moments", "predicted"),
                curve(sizes, np.full(len(sizes), top), f"from the trace, $m$ = {m[-1]:,}", "bound"),
            ),
            y_limits=(None, top + 0.6 * (top - least.min())),  # room for the legend
        ),
        Panel(
            "The network (Lemma 5.4)", "width $m$", "$R_S$",
            (
                curve(m, reached.mean(axis=1), "reached by the network (lower bound)"),
                curve(m, value[:, -1], "linearised, exact", "predicted"),
                curve(m, movement, r"$2R^2\sqrt{m}/\kappa$", colour=1),
                curve(m, start, r"$R\sqrt{2\log(2/\delta)}$", colour=4),
                curve(m, bound, "the lemma's bound", "bound"),
            ),
            "log", "log", y_limits=(None, 8 * bound.max()),
        ),
    )  # fmt: skip
