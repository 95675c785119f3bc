"""Where the gradient of a student is zero at every input, and what breaks it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pyntk import TwoLayer
from pyntk.theory.check import Check
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.tian.correlation import hidden
from pyntk.theory.tian.options import admit_counts, admit_seed, admit_several
from pyntk.theory.tian.teacher import draw_teacher
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ZERO: float = 1e-12
"""The largest gradient of a critical point in float64."""
BROKEN: float = 0.1
"""The least largest gradient after a change; the outputs of these networks are of order 1."""
SLOPE: float = 0.05
"""How far the exponent of the gradient in the angle may be from 1."""


@routine(rows=20_000, teachers=10, d=50)
def critical_point_alignment(
    *,
    teachers: int = 5,
    d: int = 20,
    outputs: int = 10,
    copies: Sequence[tuple[float, float]] = ((1.0, 0.3), (2.0, 0.35)),
    idle: int = 3,
    idle_fan_out: float = 0.1,
    angles: Sequence[float] = (1e-4, 1e-3, 1e-2, 1e-1),
    rows: int = 2000,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Students aligned with the teachers, and idle ones, are critical at every input.

    A critical point of SGD has g_1(x) = 0 at every input, not only on average. The theorem says:
    where that holds, every teacher that some student sees has a student aligned with it,
    (w_j, b_j) = gamma (w*_k, b*_k) with gamma > 0, and a student aligned with none has fan-out 0.
    Here the other direction is built: for every teacher and each (gamma, s) of ``copies`` a
    student gamma (w*, b*) with fan-out s v*, where sum s gamma = 1, and ``idle`` random students
    with fan-out 0. Its gradient is 0; giving one idle student a fan-out, taking away the students
    of one teacher, or turning one student, must break it.

    Args:
        teachers: m.
        d: inputs, x ~ N(0, 1.5^2 I).
        outputs: of teacher and student.
        copies: (gamma, s) of the students of each teacher.
        idle: students aligned with no teacher, one at least.
        idle_fan_out: norm of the fan-out that one of them is given.
        angles: by which the student of the strongest copy of teacher 1 is turned.
        rows: inputs x.
        seed: of teacher, idle students and inputs.
        backend: "cpu" or "numba"; None chooses.
        threads: as for :class:`pyntk.TwoLayer`.
        watch: how far the routine is.

    Returns:
        Checks of max \|g_1\| over inputs and students, at the critical point and after each change.
        Series: ``angles`` (a,), ``turned`` (a,) max \|g_1\| with one student turned by each angle;
        ``gradient`` (students,) max \|g_1\| of every student at the critical point.

    References:
        Y. Tian, arXiv 1909.13458, Lemma 1 and the theorem on students' alignment in the lowest
        layer; the construction is ours.
    """
    admit_seed(seed)
    admit_counts(teachers=teachers, d=d, outputs=outputs, idle=idle, rows=rows)
    admit_several(copies=copies, angles=angles)
    if d < 2 or len(angles) < 2 or min(angles) <= 0:
        raise ValueError("d must be at least 2, and angles at least two numbers above 0")
    generator = np.random.default_rng(seed)
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    teacher = draw_teacher(teachers, d, outputs, decay=0.0, generator=generator, **how)
    X = 1.5 * generator.standard_normal((rows, d))
    target = np.asarray(teacher.forward(X))
    student = critical_point(teacher, copies, idle, generator, how)
    at_point = largest_gradient(student, X, target)
    woken, orphaned = (copy_of(student, how) for _ in range(2))
    woken.a[-1] = idle_fan_out * outputs**-0.5
    orphaned.a[: teachers * len(copies) : teachers] = 0
    awake, bereft = (largest_gradient(changed, X, target) for changed in (woken, orphaned))
    aside = generator.standard_normal(d)
    turned = np.array(
        [turned_gradient(student, aside, angle, X, target) for angle in watch.over(list(angles))]
    )
    return Report(
        name="critical_point_alignment",
        title=f"{teachers} teachers, {len(copies)} students each and {idle} idle ones",
        checks=(
            zero(float(at_point.max()), copies),
            native_zero(student, X, target),
            broken(f"one idle student with fan-out {idle_fan_out:g}", float(awake.max())),
            broken("the students of one teacher taken away", float(bereft.max())),
            grows_with(np.array(angles), turned),
        ),
        series={"angles": np.array(angles), "turned": turned, "gradient": at_point},
        data={"name": "N(0, 1.5^2 I)", "n": rows, "d": d},
        settings={
            "teachers": teachers, "outputs": outputs, "copies": [list(c) for c in copies],
            "idle": idle, "seed": seed,
        },
        panels=_panels(np.array(angles), turned, at_point, awake, bereft),
    )  # fmt: skip


def critical_point(
    teacher: TwoLayer,
    copies: Sequence[tuple[float, float]],
    idle: int,
    generator: Generator,
    how: dict[str, Any],
) -> TwoLayer:
    """Return copies of all teachers, first those of the first (gamma, s), then ``idle`` others."""
    d, outputs = teacher.W.shape[1], teacher.a.shape[1]
    return TwoLayer(
        np.vstack([g * teacher.W for g, _ in copies] + [generator.standard_normal((idle, d))]),
        np.vstack([s * teacher.a for _, s in copies] + [np.zeros((idle, outputs))]),
        np.hstack([g * teacher.b for g, _ in copies] + [generator.standard_normal(idle)]),
        teacher.c,
        scale=1.0,
        **how,
    )


def copy_of(network: TwoLayer, how: dict[str, Any]) -> TwoLayer:
    """Return a network with copies of the parameters."""
    return TwoLayer(network.W, network.a, network.b, network.c, scale=network.scale, **how)


def largest_gradient(student: TwoLayer, X: Matrix, target: Matrix) -> Vector:
    r"""Return max over the inputs of \|g_1\|, (students,): g_1 = D_1 V_1' (f* - f)."""
    active = hidden(X, student.W, student.b) > 0
    g: Matrix = active * ((target - student.forward(X)) @ np.asarray(student.a).T)
    largest: Vector = np.abs(g).max(axis=0)
    return largest


def turned_gradient(student: TwoLayer, aside: Vector, angle: float, X: Matrix, y: Matrix) -> float:
    r"""Return max \|g_1\| with the first student turned towards ``aside``, its bias kept."""
    w = np.array(student.W[0])
    unit = aside - w * (aside @ w) / (w @ w)
    unit *= np.linalg.norm(w) / np.linalg.norm(unit)
    turned = copy_of(student, {})
    turned.W[0] = np.cos(angle) * w + np.sin(angle) * unit
    return float(largest_gradient(turned, X, y).max())


def zero(gradient: float, copies: Sequence[tuple[float, float]]) -> Check:
    """Check that the constructed students are a critical point."""
    total = sum(g * s for g, s in copies)
    return Check(
        claim="max |g_1| = 0 at aligned students and idle ones without fan-out, bound: rounding",
        source="Tian Lemma 1, construction ours (1909.13458)",
        condition=(
            f"gamma > 0, and the sum of gamma s over the copies is 1 (here {total:g}): the student "
            "is the teacher's function"
        ),
        predicted=0.0,
        measured=gradient,
        bound=ZERO,
        holds=bool(gradient <= ZERO),
    )


def native_zero(student: TwoLayer, X: Matrix, target: Matrix) -> Check:
    """Check that the gradient that pyntk trains with is zero in every parameter."""
    _, gradients = student.loss_and_gradient(X, target, trained="all")
    four = (gradients.dW, gradients.db, gradients.da, gradients.dc)
    largest = max(float(np.abs(part).max()) for part in four) / len(X)
    return Check(
        claim="the same for the native gradient of all parameters, mean over the inputs",
        source="Tian Lemma 1, construction ours (1909.13458)",
        condition="as above",
        predicted=0.0,
        measured=largest,
        bound=ZERO,
        holds=bool(largest <= ZERO),
    )


def broken(how: str, gradient: float) -> Check:
    """Check that a change of the students leaves no critical point."""
    return Check(
        claim=f"max |g_1| > bound with {how}",
        source="Tian, alignment in the lowest layer (1909.13458)",
        condition=(
            "inputs on an open set, met up to the finite sample; teachers not parallel and "
            "observed by a student: met"
        ),
        predicted=None,
        measured=gradient,
        bound=BROKEN,
        holds=bool(gradient > BROKEN),
    )


def grows_with(angles: Vector, gradient: Vector) -> Check:
    """Check that the gradient grows as the angle: a small one leaves a small angle only."""
    exponent = float(np.polyfit(np.log(angles), np.log(gradient), 1)[0])
    return Check(
        claim="max |g_1| ~ angle^e of one student turned, e = 1 +- bound",
        source="Tian, small gradients; the exponent is ours (1909.13458)",
        condition="the theorem bounds the angle by a constant times the gradient: small angles",
        predicted=1.0,
        measured=exponent,
        bound=SLOPE,
        holds=bool(abs(exponent - 1) <= SLOPE),
    )


def _panels(
    angles: Vector, turned: Vector, at_point: Vector, woken: Vector, orphaned: Vector
) -> tuple[Panel, ...]:
    student = np.arange(1, len(at_point) + 1)
    floor = 1e-17
    return (
        Panel(
            "What each student feels", "student; the idle ones are the last",
            r"$\max_x |g_1(x)|$",
            (
                curve(student, np.maximum(orphaned, floor), "a teacher without students",
                      "points", colour=1),
                curve(student, np.maximum(woken, floor), "an idle student with fan-out",
                      "points", colour=2),
                curve(student, np.maximum(at_point, floor), "critical point", "points"),
            ),
            y_scale="log",
        ),
        Panel(
            "One student turned away from its teacher", "angle", r"$\max_{x, j} |g_1(x)|$",
            (
                curve(angles, turned, "turned student"),
                curve(angles, turned[-1] * angles / angles[-1], "proportional to the angle",
                      "predicted"),
            ),
            "log", "log",
        ),
    )  # fmt: skip
