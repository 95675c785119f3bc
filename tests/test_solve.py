"""solve, quadratic_form_inverse and logdet: promise 10, closed forms, singular matrices."""

import mpmath
import numpy as np
import pytest

import exact_matrices as exact
import pyntk
from pyntk.linalg.cholesky import factorise
from pyntk.linalg.refinement import refine
from pyntk.linalg.symmetric import GivenMatrix

U = 2.0**-53
KERNELS = [
    {},
    {"trained": "last"},
    {"trained": "all", "depth": 3, "weight_variance": 2.0, "bias_variance": 0.1},
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("how", KERNELS, ids=str)
def test_kernels_of_rows(backend, how, dtype):
    """The kernel is the exact one of the rows, whatever their dtype."""
    X, y = exact.sphere(12, 5).astype(dtype), exact.labels(12)
    K = exact.kernel(X, **how)
    found = pyntk.solve(X=X, y=y, **how, backend=backend)
    assert exact.relative_error(found.x, exact.solution(K, y)) <= 1e-10
    assert found.x.dtype == np.float64
    assert found.residual <= 1e-10
    form = pyntk.quadratic_form_inverse(X=X, y=y, **how, backend=backend)
    assert abs(form.value / exact.form(K, y) - 1) <= 1e-11
    with mpmath.workdps(exact.DIGITS):
        exact_log = mpmath.log(mpmath.det(K))
    assert pyntk.logdet(X=X, **how, backend=backend) == pytest.approx(float(exact_log), rel=1e-13)


@pytest.mark.parametrize("angle", [1e-2, 1e-4, 1e-5, 3e-6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_promise_10(angle, dtype):
    """Relative error at most 1e-9 for condition numbers to 1e7."""
    X, y = exact.close_pairs(40, 6, angle, pairs=3).astype(dtype), exact.labels(40)
    if (X[1] == X[0]).all():
        pytest.fail("the pairs are duplicates in float32")
    K = exact.kernel(X)
    smallest = float(np.linalg.eigvalsh(pyntk.ntk_gram(X.astype(np.float64)))[0])
    assert smallest > 0.5e-7 * 5  # lambda_max is about 5
    found = pyntk.solve(X=X, y=y)
    assert exact.relative_error(found.x, exact.solution(K, y)) <= min(1e-9, 8 * found.error)
    form = pyntk.quadratic_form_inverse(X=X, y=y)
    assert abs(form.value / exact.form(K, y) - 1) <= min(1e-9, 8 * form.error)
    assert max(found.error, form.error) <= 1e-9


@pytest.mark.parametrize("call", [pyntk.solve, pyntk.quadratic_form_inverse])
def test_beyond_promise_10_the_residual_is_told(call):
    X, y = exact.close_pairs(20, 6, 1e-10), exact.labels(20)
    with pytest.raises(np.linalg.LinAlgError, match=r"ill-conditioned.* residual of \d.* reached"):
        call(X=X, y=y)
    call(pyntk.ntk_gram(X), y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
def test_given_matrices(dtype, condition):
    """Right for that H: as far as residuals in longdouble can be right, float32 factor or not."""
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    H = (Q * np.geomspace(1, condition, 20)) @ Q.T
    H = (H + H.T).astype(dtype)
    values = exact.eigenvalues(exact.matrix(H))
    if values[0] <= 0:  # rounding to float32 made it indefinite
        H += (2 * abs(float(values[0])) * np.eye(20)).astype(dtype)
        values = exact.eigenvalues(exact.matrix(H))
    condition = float(values[-1] / values[0])
    y = exact.labels(20)
    tolerance = 1e-11 + 20 * float(np.finfo(np.longdouble).eps) * condition
    found, x = pyntk.solve(H, y), exact.solution(exact.matrix(H), y)
    assert exact.relative_error(found.x, x) <= tolerance
    form = pyntk.quadratic_form_inverse(H, y).value
    assert abs(form / exact.form(exact.matrix(H), y) - 1) <= tolerance
    single = pyntk.solve(H, y.astype(np.float32)).x
    assert single.dtype == dtype
    with mpmath.workdps(exact.DIGITS):
        log = mpmath.log(mpmath.det(exact.matrix(H)))
    assert pyntk.logdet(H) == pytest.approx(float(log), abs=40 * U * condition, rel=1e-13)


def test_the_factor_decides_the_steps_and_not_the_result():
    H, Y = pyntk.ntk_gram(exact.sphere(60, 10)), exact.labels(60)[:, None]
    matrix = GivenMatrix(H)
    expected = exact.solution(exact.matrix(H), Y[:, 0])
    steps = []
    for shift in (0, 0.01, 1):
        coarse = factorise("a test", matrix, matrix.diagonal + shift, np.float32)
        reached = refine(matrix.product, lambda X: Y - H @ X, coarse.solve, Y, "solution", 1e-11)
        assert exact.relative_error(reached.X[:, 0], expected) <= 1e-11
        assert reached.errors[0] <= 1e-11
        steps.append(reached.steps)
    assert steps[0] < steps[1] < steps[2]


def test_only_the_lower_triangle_is_read():
    H = pyntk.ntk_gram(exact.sphere(300, 10))
    below, y = np.tril(H) + np.triu(np.full_like(H, 777.0), 1), exact.labels(300)
    assert (pyntk.solve(below, y).x == pyntk.solve(H, y).x).all()
    assert pyntk.logdet(below) == pyntk.logdet(H)
    assert pyntk.lambda_min(below) == pyntk.lambda_min(H)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("H", "message"),
    [
        ([[1, 3], [3, 1]], r"\[1, 0\] is larger than sqrt"),
        ([[1, 0], [0, 0]], r"\[1, 1\] of its diagonal is 0"),
        ([[1, 0], [0, -1]], r"\[1, 1\] of its diagonal is -1"),
        ([[1, 1], [1, 1]], "row 1 of 2"),
        ([[2, 1, 1], [1, 2, -1.5], [1, -1.5, 2]], "row 2 of 3"),
        (np.zeros((3, 3)), r"\[0, 0\] of its diagonal is 0"),
    ],
    ids=["3", "0", "-1", "singular", "indefinite", "zeros"],
)
def test_not_positive_definite(H, message, dtype):
    H = np.array(H, dtype)
    calls = (pyntk.solve, pyntk.quadratic_form_inverse, pyntk.leave_one_out_complexity)
    for call in calls:
        with pytest.raises(np.linalg.LinAlgError, match=f"H is not positive definite.*{message}"):
            call(H, np.ones(len(H)))
    with pytest.raises(np.linalg.LinAlgError, match=message):
        pyntk.logdet(H)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(8))
def test_singular_matrices_are_refused_though_cholesky_may_run_through(seed, dtype):
    """A duplicate row: every second of them has a Cholesky factor, and no digit is right."""
    X, y = exact.sphere(20 + 5 * seed, 6, seed), exact.labels(20 + 5 * seed)
    X[-1] = X[0]
    H = pyntk.ntk_gram(X).astype(dtype)
    for call in (
        lambda: pyntk.solve(H, y),
        lambda: pyntk.quadratic_form_inverse(H, y),
        lambda: pyntk.quadratic_form_inverse(H, y, certified=True),
        lambda: pyntk.logdet(H),
        lambda: pyntk.leave_one_out_complexity(H, y),
        lambda: pyntk.leave_one_out_residuals(H, y),
    ):
        with pytest.raises(np.linalg.LinAlgError, match=r"singular|not positive definite|proved"):
            call()


def integers(*multiples):
    X = np.random.default_rng(0).integers(-9, 9, (8, 5)).astype(float)
    for i, j, c in multiples:
        X[i] = c * X[j]
    return X


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (integers((5, 2, 1)), "rows 2 and 5 of X are equal"),
        (integers((7, 0, 3)), "rows 0 and 7 of X are parallel, in the same direction"),
        (integers((6, 1, 5 * 2.0**-60)), "rows 1 and 6 .* parallel"),
        (integers((4, 4, 0)), "row 4 of X is zero"),
        (integers((1, 1, -0.0)), "row 1 of X is zero"),
        (np.zeros((3, 2)), "row 0 of X is zero"),
    ],
    ids=["equal", "parallel", "scaled", "zero", "minus zero", "zeros"],
)
def test_singular_rows_are_named(X, message):
    y = np.ones(len(X))
    for call in (pyntk.solve, pyntk.quadratic_form_inverse, pyntk.leave_one_out_residuals):
        with pytest.raises(np.linalg.LinAlgError, match=message):
            call(X=X, y=y)
    with pytest.raises(np.linalg.LinAlgError, match=message):
        pyntk.logdet(X=X)
    assert pyntk.lambda_min(X=X) == pytest.approx(0, abs=1e-12)
    found = pyntk.solve(X=X, y=y, jitter=0.5)
    H = pyntk.ntk_gram(X) + 0.5 * np.eye(len(X))
    assert found.x == pytest.approx(np.linalg.solve(H, y), rel=1e-9)


def test_rows_that_are_not_singular():
    """Opposite rows; rows that round to the same direction; parallel rows, with a bias."""
    X, y = integers((5, 2, -1)), np.ones(8)
    assert pyntk.solve(X=X, y=y).residual < 1e-9
    X = integers((7, 0, 3))
    assert pyntk.solve(X=X, y=y, bias_variance=0.5).residual < 1e-9
    with pytest.raises(np.linalg.LinAlgError, match="rows 2 and 5 of X are equal"):
        pyntk.solve(X=integers((5, 2, 1)), y=y, bias_variance=0.5)
    X = integers()
    X[3] = X[0] / 3  # rounded: parallel but for the last place
    with pytest.raises(np.linalg.LinAlgError, match=r"K\(X\) is|not positive definite"):
        pyntk.solve(X=X, y=y)


def test_too_many_opposite_pairs_are_singular():
    """An even grid of the circle: no duplicates, but a null space."""
    angles = np.arange(8) * np.pi / 4
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    with pytest.raises(np.linalg.LinAlgError, match=r"K\(X\) is|not positive definite"):
        pyntk.quadratic_form_inverse(X=X, y=exact.labels(8))


def test_jitter_is_told():
    H, y = pyntk.ntk_gram(exact.sphere(30, 4)), exact.labels(30)
    with_jitter = np.linalg.solve(H + 0.25 * np.eye(30), y)
    found = pyntk.solve(H, y, jitter=0.25)
    assert found.jitter == 0.25
    assert found.x == pytest.approx(with_jitter, rel=1e-12)
    form = pyntk.quadratic_form_inverse(X=exact.sphere(30, 4), y=y, jitter=0.25)
    assert form.jitter == 0.25
    assert form.value == pytest.approx(y @ with_jitter, rel=1e-11)
    assert pyntk.solve(H, y).jitter == 0


@pytest.mark.parametrize("from_rows", [False, True])
def test_columns_and_small_sizes(from_rows):
    X = exact.sphere(30, 4)
    given = {"X": X} if from_rows else {"H": pyntk.ntk_gram(X)}
    Y = np.random.default_rng(0).standard_normal((30, 3))
    Y[:, 1] = 0
    found, forms = pyntk.solve(y=Y, **given), pyntk.quadratic_form_inverse(y=Y, **given)
    assert found.x.shape == (30, 3)
    assert (found.x[:, 1] == 0).all()
    assert forms.value.shape == (3,)
    for k in range(3):
        assert pyntk.solve(y=Y[:, k], **given).x == pytest.approx(found.x[:, k], rel=1e-9)
        one = pyntk.quadratic_form_inverse(y=Y[:, k], **given).value
        assert isinstance(one, float)
        assert one == pytest.approx(forms.value[k], rel=1e-10)
    assert pyntk.solve(y=Y[:, :0], **given).x.shape == (30, 0)
    for n in (0, 1):
        given = {"X": X[:n]} if from_rows else {"H": pyntk.ntk_gram(X[:n])}
        assert pyntk.solve(y=Y[:n, 0], **given).x == pytest.approx(2 * Y[:n, 0])
        value = pyntk.quadratic_form_inverse(y=Y[:n, 0], **given).value
        assert value == pytest.approx(2 * (Y[:n, 0] ** 2).sum())
        assert pyntk.logdet(**given) == pytest.approx(-n * np.log(2), rel=1e-14)


@pytest.mark.parametrize("scale", [1e-280, 1e-20, 1e280])
def test_matrices_of_any_size(scale):
    H, y = pyntk.ntk_gram(exact.sphere(30, 10)), exact.labels(30)
    x, form = pyntk.solve(H, y).x, pyntk.quadratic_form_inverse(H, y).value
    assert pyntk.solve(scale * H, y).x == pytest.approx(x / scale, rel=1e-12)
    found = pyntk.quadratic_form_inverse(scale * H, 1e-100 * y)
    assert found.value == pytest.approx(form / scale * 1e-200, rel=1e-12, abs=0)
    assert found.error <= 1e-11
    if scale == 1e-20:
        found = pyntk.solve((scale * H).astype(np.float32), y)
        assert found.x == pytest.approx(x / scale, rel=1e-4)


def test_rows_of_all_sizes():
    """The scale of rows is taken out before float32 sees them."""
    X, y = exact.sphere(30, 10), exact.labels(30)
    sizes = 2.0 ** np.random.default_rng(0).integers(-100, 200, 30)
    plain = pyntk.quadratic_form_inverse(X=X, y=y).value
    scaled = pyntk.quadratic_form_inverse(X=X * sizes[:, None], y=y * sizes).value
    assert scaled == pytest.approx(plain, rel=1e-10)
    with pytest.raises(ValueError, match="a diagonal entry below"):
        pyntk.solve(X=X * 1e-150, y=y)
    with pytest.warns(RuntimeWarning), pytest.raises(ValueError, match="beyond the range"):
        pyntk.solve(X=X * 1e200, y=y)


@pytest.mark.parametrize(
    ("degree", "low", "high"), [(1, 1.99, 2.0001), (2, 2.31, 2.33), (3, 9, 40), (4, 2.75, 2.85)]
)
def test_polynomial_labels(degree, low, high):
    """sqrt(y' H^-1 y) of y = (b.x)^p: at most 2 for p = 1 and 2.5067 for p = 2, no bound for 3.

    Arora et al., arXiv 1901.08584, Theorem 6.1; the sharp constants are c_p^(-1/2), c_p the
    coefficient of the kernel's power series.
    """
    X = exact.sphere(1600, 5)
    y = (X @ exact.sphere(1, 5, seed=3)[0]) ** degree
    assert low <= np.sqrt(pyntk.quadratic_form_inverse(X=X, y=y).value) <= high
