"""The gradient of a student of any depth, written in what teacher and student compute."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyntk import TwoLayer, activation
from pyntk.theory.check import Check
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.tian.deep import DeepNetwork, Pass, backward, draw_network, forward
from pyntk.theory.tian.options import admit_counts, admit_seed, admit_several
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ROUNDING: float = 1e-10
"""Largest difference of an identity, relative to the largest entry: float64, some 1e4 terms."""
SHOWN: int = 400
"""Points of the picture for each network."""


@routine(depths=(2, 3, 4, 6), rows=500)
def gradient_rule(
    depths: Sequence[int] = (2, 4),
    *,
    slopes: Sequence[float] = (0.0, 0.1),
    d: int = 12,
    teachers: int = 8,
    students: int = 14,
    outputs: int = 6,
    rows: int = 100,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""The back-propagated gradient is g_l = D_l (A_l f*_l - B_l f_l), at every input.

    A student f learns a teacher f* of the same depth L and any widths with the loss
    1/2 \|f*_L - f_L\|^2. Let g_l(x) be minus the gradient at the pre-activations of layer l, D_l(x)
    the diagonal matrix of the gates (1 or the slope of the activation), and V_l(x) the matrix with
    f_L = V_l f_l: V_L = I, V_(l-1) = V_l D_l W_l, with one more column for the biases, on which a
    constant 1 beside f_l acts. With V*_l for the teacher, A_l = V_l' V*_l and B_l = V_l' V_l.
    For two layers V_1 is the fan-out, so A_1 and B_1 are the same for all inputs.

    Args:
        depths: L, one check for each.
        slopes: of the activation below 0; 0 is the ReLU.
        d: inputs, x ~ N(0, I).
        teachers: neurons of a hidden layer of the teacher, the lowest; each next has one more.
        students: the same of the student.
        outputs: of both.
        rows: inputs x.
        seed: of networks and inputs.
        backend: "cpu" or "numba", for the native gradients of two layers; None chooses.
        threads: as for :class:`pyntk.TwoLayer`.
        watch: how far the routine is.

    Returns:
        A check for each depth and slope, over all layers and inputs, and for two layers one of
        the gradients that pyntk trains with. Series: ``g`` and ``rule``, (k, p) entries of g_1
        and of the formula for every network k, those of the picture; ``difference`` (k,).

    References:
        Y. Tian, arXiv 1909.13458, Lemma 1.
    """
    admit_seed(seed)
    admit_counts(d=d, teachers=teachers, students=students, outputs=outputs, rows=rows)
    admit_several(depths=depths, slopes=slopes)
    if min(depths) < 2:
        raise ValueError(f"depths must be at least 2, not {min(depths)}")
    generator = np.random.default_rng(seed)
    checks, shown, names = [], [], []
    for L, slope in watch.over([(L, slope) for L in depths for slope in slopes]):
        hidden = np.arange(L - 1)
        teacher = draw_network((d, *(teachers + hidden), outputs), slope, generator, spread=2)
        student = draw_network((d, *(students + hidden), outputs), slope, generator, spread=2)
        X = generator.standard_normal((rows, d))
        above, below = forward(teacher, X), forward(student, X)
        g = backward(student, below, above.outputs[-1] - below.outputs[-1])
        rule = rule_of(teacher, above, student, below)
        name = f"L = {L}, slope {slope:g}"
        checks.append(identity(name, g, rule))
        if L == 2:
            native = native_gradient(student, X, above.outputs[-1], backend, threads)
            checks.append(identity(f"{name}, native", [native], rule[:1]))
        shown.append((g[0].ravel()[:SHOWN], rule[0].ravel()[:SHOWN]))
        names.append(name)
    short = min(len(g) for g, _ in shown)
    return Report(
        name="gradient_rule",
        title=f"back-propagation beside Lemma 1, {rows} inputs, layers of {students} students",
        checks=tuple(checks),
        series={
            "g": np.stack([g[:short] for g, _ in shown]),
            "rule": np.stack([rule[:short] for _, rule in shown]),
            "difference": np.array([check.measured for check in checks]),
        },
        data={"name": "N(0, I)", "n": rows, "d": d},
        settings={
            "depths": list(depths), "slopes": list(slopes), "teachers": teachers,
            "students": students, "outputs": outputs, "seed": seed,
        },
        panels=tuple(_panel(name, *pair) for name, pair in zip(names, shown, strict=True)),
    )  # fmt: skip


def rule_of(teacher: DeepNetwork, above: Pass, student: DeepNetwork, below: Pass) -> list[Matrix]:
    """Return D_l (A_l f*_l - B_l f_l), (n, n_l) each, for l = 1 ... L."""
    found = []
    for l, (V, V_teacher) in enumerate(
        zip(paths(student, below), paths(teacher, above), strict=True)
    ):
        towards = np.swapaxes(V[:, :, :-1], 1, 2)
        A, B = towards @ V_teacher, towards @ V
        wanted = A @ _with_one(above.outputs[l + 1]) - B @ _with_one(below.outputs[l + 1])
        found.append(below.gates[l] * wanted[:, :, 0])
    return found


def paths(network: DeepNetwork, through: Pass) -> list[NDArray[np.float64]]:
    """Return V_1 ... V_L, (n, n_L, n_l + 1) each; the last column is what the biases above add."""
    n, outputs = through.outputs[-1].shape
    V = np.broadcast_to(np.eye(outputs, outputs + 1), (n, outputs, outputs + 1))
    found = [V]
    for W, b, D in zip(
        network.weights[:0:-1], network.biases[:0:-1], through.gates[:0:-1], strict=True
    ):
        VD = V[:, :, :-1] * D[:, None, :]
        V = np.concatenate([VD @ W, (VD @ b + V[:, :, -1])[:, :, None]], axis=2)
        found.append(V)
    return found[::-1]


def native_gradient(
    student: DeepNetwork, X: Matrix, target: Matrix, backend: str | None, threads: int | None
) -> Matrix:
    """Return g_1 (n, n_1) from the gradients that pyntk trains with, input by input.

    The bias adds to the pre-activation, so g_1(x) is minus the gradient in b on x alone.
    """
    (W, V), (b, c) = student.weights, student.biases
    network = TwoLayer(
        W, V.T, b, c, scale=1.0, activation=activation.leaky_relu(student.slope),
        backend=backend, threads=threads,
    )  # fmt: skip
    rows = (slice(i, i + 1) for i in range(len(X)))
    found = [network.loss_and_gradient(X[i], target[i], trained="all")[1].db for i in rows]
    return -np.array(found)


def identity(name: str, g: list[Matrix], rule: list[Matrix]) -> Check:
    """Check that two lists of gradients are equal, layer by layer."""
    difference = max(
        float(np.abs(a - b).max() / max(np.abs(a).max(), np.finfo(float).tiny))
        for a, b in zip(g, rule, strict=True)
    )
    return Check(
        claim=f"{name}: g_l = D_l (A_l f*_l - B_l f_l), relative, every input and layer",
        source="Tian Lemma 1 (1909.13458)",
        condition="any teacher and student of one depth, any input: met; an identity",
        predicted=0.0,
        measured=difference,
        bound=ROUNDING,
        holds=bool(difference <= ROUNDING),
    )


def _with_one(F: Matrix) -> Matrix:
    """Return the columns (f, 1), (n, k + 1, 1)."""
    return np.concatenate([F, np.ones((len(F), 1))], axis=1)[:, :, None]


def _panel(name: str, g: Vector, rule: Vector) -> Panel:
    ends = [float(g.min()), float(g.max())]
    return Panel(
        name, "$g_1$, back-propagated", "$D_1 (A_1 f^*_1 - B_1 f_1)$",
        (
            curve(g, rule, "a neuron at an input", "points"),
            curve(ends, ends, "equal", "predicted"),
        ),
    )  # fmt: skip
