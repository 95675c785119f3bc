"""Promise 11: intervals that contain the exact value, and that are not absurdly wide."""

import mpmath
import numpy as np
import pytest

import exact_matrices as exact
import pyntk
from pyntk.linalg.certificate import diagonal_below, form_interval, is_at_least
from pyntk.linalg.cholesky import factorise
from pyntk.linalg.symmetric import GivenMatrix

U = 2.0**-53


def orthogonal(n, seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]


def random(n, seed):
    A = np.random.default_rng(seed).standard_normal((n, 2 * n))
    return A @ A.T


def spectrum(values, seed):
    Q = orthogonal(len(values), seed)
    H = (Q * values) @ Q.T
    return H + H.T


def graded(n, seed):
    """Rows and columns of sizes from 1 to 1e-8, round a well-conditioned matrix."""
    D = np.geomspace(1, 1e-8, n)
    return D[:, None] * (random(n, seed) / n) * D


MATRICES = {
    "random": random(10, 0),
    "float32": random(9, 1).astype(np.float32),
    "graded": graded(10, 2),
    "condition 1e7": spectrum(np.geomspace(1, 1e-7, 12), 3),
    "nearly singular": spectrum(np.geomspace(1, 1e-15, 9), 4),
    "a cluster": spectrum(np.array([1e-3] * 5 + [1.0] * 4), 5),
    "indefinite": spectrum(np.linspace(-1, 2, 8), 6),
    "negative": -random(8, 7),
    "identity": np.eye(8),
    "zeros": np.zeros((5, 5)),
    "one": np.array([[3.0]]),
    "huge": 1e280 * random(8, 8),
    "tiny": 1e-280 * random(8, 9),
    "subnormal": 1e-310 * random(6, 10),
}


def weight(H, v):
    """The mean of h_ii weighted by the squares of an eigenvector."""
    return float((np.abs(np.diag(H)) * v**2).sum() / (v**2).sum())


@pytest.mark.parametrize("name", MATRICES)
def test_lambda_min_of_given_matrices(name):
    H = MATRICES[name]
    n = len(H)
    smallest = exact.eigenvalues(exact.matrix(H))[0]
    interval = pyntk.lambda_min(H, certified=True)
    assert smallest in interval
    lower, upper = interval
    assert interval.width == upper - lower
    if name == "subnormal":
        return  # the bound of underflows is all there is
    # n^2 u / 2 of the weighted diagonal, where the factorisation's share is proved at the first
    # try; four times as much at the second.
    v = np.linalg.eigh(H.astype(float))[1][:, 0] if name != "graded" else np.eye(n)[-1]
    share = (n * n / 2 + 4 * n) * U * weight(H, v) + 2.0**-44 * abs(float(smallest))
    assert interval.width <= 6 * share + 1e-300


@pytest.mark.parametrize("name", MATRICES)
def test_what_is_false_is_never_proved(name):
    """No mu above the smallest eigenvalue, from the next number on."""
    H = MATRICES[name]
    smallest = exact.eigenvalues(exact.matrix(H))[0]
    above = float(smallest)
    while mpmath.mpf(above) <= smallest:
        above = np.nextafter(above, np.inf)
    steps = [0, *(abs(above) * 2.0**-k for k in range(44, 54)), U * np.abs(H).max()]
    for step in steps:
        assert not is_at_least("a test", GivenMatrix(H), above + step)
    assert is_at_least("a test", GivenMatrix(H), pyntk.lambda_min(H, certified=True).lower)


@pytest.mark.parametrize("seed", range(10))
def test_nearly_singular_matrices(seed):
    """Rank n - 1 in exact arithmetic, before rounding: the sign of lambda_min is not known."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 13))
    A = rng.integers(-5, 6, (n, n - 1)).astype(float)
    H = A @ A.T  # integers: exact
    smallest = exact.eigenvalues(exact.matrix(H))[0]
    interval = pyntk.lambda_min(H, certified=True)
    assert smallest in interval
    assert 0 in interval
    with pytest.raises(np.linalg.LinAlgError):
        pyntk.quadratic_form_inverse(H, rng.standard_normal(n), certified=True)


@pytest.mark.parametrize("seed", range(12))
def test_singular_matrices_are_never_proved_to_be_definite(seed):
    """Of integers, so that their smallest eigenvalue is exactly 0; Cholesky alone runs through."""
    A = np.random.default_rng(seed).integers(-5, 6, (90, 89)).astype(float)
    matrix = GivenMatrix(A @ A.T)
    assert not is_at_least("a test", matrix, 1e-200)
    assert is_at_least("a test", matrix, -2 * 90 * 90 * U * matrix.diagonal.max())


@pytest.mark.parametrize("mu", [-3.0, 0.0, 1e-9, 0.3])
@pytest.mark.parametrize("jitter", [0.0, 0.1])
@pytest.mark.parametrize("entry_error", [0.0, 8 * U])
def test_what_is_taken_from_the_diagonal_is_enough(mu, jitter, entry_error):
    """a_ii (1 + sum_j B_ij) + n e h_ii + underflows <= h_ii + jitter - mu, in exact arithmetic."""
    n = 300
    matrix = GivenMatrix(np.diag(np.random.default_rng(0).random(n) + 0.5))
    matrix.entry_error = entry_error
    below = diagonal_below(matrix, mu, jitter)
    with mpmath.workdps(exact.DIGITS):
        u, one = mpmath.mpf(2) ** -53, mpmath.mpf(1)
        gammas = [(k + 3) * u / (1 - (k + 3) * u) for k in range(1, n + 1)]
        row = mpmath.fsum(gammas) / (1 - gammas[-1])
        for a, h in zip(below, matrix.diagonal, strict=True):
            room = (
                mpmath.mpf(float(h)) * (one - n * mpmath.mpf(entry_error)) + jitter - mpmath.mpf(mu)
            )
            assert mpmath.mpf(float(a)) * (1 + row) + n * n * mpmath.mpf(2) ** -1022 <= room
            assert a >= room * (1 - 1.01 * row) - 5e-16


@pytest.mark.parametrize("n", [70, 500])
def test_the_factorisation_keeps_the_bound_that_the_proof_takes(n):
    """|(L L' - A)_ij| <= g_(min(i,j)+3) / (1 - g_(n+3)) sqrt(a_ii a_jj), in blocks or not."""
    H = pyntk.ntk_gram(exact.sphere(n, 30)) * np.geomspace(1, 1e-6, n)[:, None]
    H = np.tril(H) + np.tril(H, -1).T
    H[np.arange(n), np.arange(n)] = np.geomspace(1, 1e-6, n)
    H = H * np.minimum.outer(np.ones(n), np.ones(n))
    matrix = GivenMatrix(H)
    factor = factorise("a test", matrix, matrix.diagonal, np.float64)
    L = np.tril(factor.L).astype(np.longdouble)
    A = factor.scale[:, None] * H * factor.scale
    D = np.sqrt(np.diag(A))
    order = np.minimum.outer(np.arange(n), np.arange(n)) + 4
    bound = order * U / (1 - 2 * (n + 3) * U) * np.outer(D, D)
    computed = n * float(np.finfo(np.longdouble).eps) * np.outer(D, D)
    assert (np.abs(L @ L.T - A) <= bound + computed).all()


@pytest.mark.parametrize("angle", [1, 1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels_of_rows(angle, dtype):
    """The errors of the kernel's entries are in the interval."""
    X, y = exact.close_pairs(12, 6, angle, pairs=2).astype(dtype), exact.labels(12)
    K = exact.kernel(X)
    smallest = exact.eigenvalues(K)[0]
    interval = pyntk.lambda_min(X=X, certified=True)
    assert smallest in interval
    assert interval.width <= 1.5 * (12 * 12 / 2 + 12 * 12) * U
    assert interval.lower >= 0
    if dtype == np.float32 and angle < 1e-7:
        return  # duplicates
    form = pyntk.quadratic_form_inverse(X=X, y=y, certified=True)
    value = exact.form(K, y)
    assert value in form
    # Twice 8 u (sum_i D_i |x_i|)^2 <= 8 n u |D x|^2, relative to x'K x.
    assert form.width <= 40 * 12 * U / float(smallest) * float(value)


@pytest.mark.parametrize(
    "how",
    [
        {"trained": "last"},
        {"trained": "all", "depth": 5, "weight_variance": 2.0},
        {"trained": "first", "depth": 2, "bias_variance": 0.3},
    ],
    ids=str,
)
def test_other_kernels(how):
    X, y = exact.sphere(10, 3) * np.geomspace(0.1, 10, 10)[:, None], exact.labels(10)
    K = exact.kernel(X, **how)
    assert exact.eigenvalues(K)[0] in pyntk.lambda_min(X=X, certified=True, **how)
    assert exact.form(K, y) in pyntk.quadratic_form_inverse(X=X, y=y, certified=True, **how)


@pytest.mark.parametrize("n", [5, 33, 65])
def test_the_circle(n):
    """lambda_k = sum_j H(cos(2 pi j / n)) cos(2 pi j k / n) for n points of the circle.

    The rows are rounded: an entry of their kernel differs by 4 u at most, an eigenvalue by 4 n u.
    """
    angles = 2 * np.pi * np.arange(n) / n
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    with mpmath.workdps(30):
        entries = [
            mpmath.cos(t) * (mpmath.pi - mpmath.acos(mpmath.cos(t))) / (2 * mpmath.pi)
            for t in (2 * mpmath.pi * j / n for j in range(n))
        ]
        values = [
            mpmath.fsum(h * mpmath.cos(2 * mpmath.pi * j * k / n) for j, h in enumerate(entries))
            for k in range(n)
        ]
    lower, upper = pyntk.lambda_min(X=X, certified=True)
    assert lower - 4 * n * U <= min(values) <= upper + 4 * n * U
    assert upper - lower <= (n * n + 20 * n) * U
    # cos(2 t) is an eigenvector, of the eigenvalue n (c_2 + c_(n-2) + ...).
    y = np.cos(2 * angles)
    form = pyntk.quadratic_form_inverse(X=X, y=y, certified=True)
    assert form.lower - 1e-10 <= n / 2 / values[2] <= form.upper + 1e-10


@pytest.mark.parametrize(
    "name", ["random", "float32", "graded", "condition 1e7", "a cluster", "huge", "tiny"]
)
@pytest.mark.parametrize("jitter", [0.0, 1e-3])
def test_forms_of_given_matrices(name, jitter):
    H = MATRICES[name]
    n = len(H)
    y = exact.labels(n)
    with mpmath.workdps(exact.DIGITS):
        K = exact.matrix(H) + mpmath.mpf(jitter) * mpmath.eye(n)
        values = exact.eigenvalues(K)
    form = pyntk.quadratic_form_inverse(H, y, certified=True, jitter=jitter)
    value = exact.form(K, y)
    assert value in form
    assert form.jitter == jitter
    assert isinstance(form.lower, float)
    condition = 1.0 if name == "graded" else float(values[-1] / values[0])
    assert form.width <= (1e-13 + 50 * n * float(np.finfo(np.longdouble).eps) * condition) * value
    assert pyntk.quadratic_form_inverse(H, y, jitter=jitter).value == pytest.approx(
        float(value), rel=1e-9
    )


@pytest.mark.parametrize("name", ["random", "condition 1e7"])
def test_any_solution_gives_a_valid_interval(name):
    """A bad one gives a wide interval."""
    H, y = MATRICES[name], exact.labels(len(MATRICES[name]))
    value, good = exact.form(exact.matrix(H), y), pyntk.solve(H, y).x
    guess = float(np.linalg.eigvalsh(H)[0])
    widths = []
    for x in (good, good.astype(np.float32), 1.01 * good, 0 * good, -good):
        columns = x.astype(float)[:, None]
        interval = form_interval("a test", GivenMatrix(H), y[:, None], columns, 0.0, guess)
        assert value in interval
        widths.append(float(interval.width[0]))
    assert (np.diff(widths) > 0).all()


def test_jitter_with_rows():
    X, y = exact.sphere(8, 3), exact.labels(8)
    X[5] = X[2]
    with mpmath.workdps(exact.DIGITS):
        K = exact.kernel(X) + mpmath.mpf(0.1) * mpmath.eye(8)
    assert exact.form(K, y) in pyntk.quadratic_form_inverse(X=X, y=y, certified=True, jitter=0.1)


def test_columns():
    X, Y = exact.sphere(20, 5), np.random.default_rng(0).standard_normal((20, 3))
    Y[:, 2] = 0
    intervals = pyntk.quadratic_form_inverse(X=X, y=Y, certified=True)
    assert intervals.lower.shape == intervals.upper.shape == (3,)
    assert pyntk.quadratic_form_inverse(X=X, y=Y).value in intervals
    assert 0 <= intervals.upper[2] < 1e-300
    empty = pyntk.quadratic_form_inverse(X=X[:0], y=Y[:0, 0], certified=True)
    assert 0.0 in empty


def test_lambda_min_without_a_certificate(backend):
    X = exact.sphere(60, 10)
    H = pyntk.ntk_gram(X, backend=backend)
    expected = np.linalg.eigvalsh(H)[0]
    for found in (
        pyntk.lambda_min(H), pyntk.lambda_min(X=X, backend=backend),
        pyntk.lambda_min(H.astype(np.float32)), pyntk.lambda_min(X=X.astype(np.float32)),
    ):  # fmt: skip
        assert isinstance(found, float)
        assert found == pytest.approx(expected, rel=1e-5)
    assert pyntk.lambda_min(H) == pytest.approx(expected, abs=60 * U * 5)
    assert pyntk.lambda_min([[2.0]]) == 2
    assert pyntk.lambda_min([[1.0, 2.0], [2.0, 1.0]]) == pytest.approx(-1)


def test_bad_input():
    with pytest.raises(ValueError, match="H must have at least one row"):
        pyntk.lambda_min(np.zeros((0, 0)))
    with pytest.raises(TypeError, match="lambda_min takes exactly one of H and X"):
        pyntk.lambda_min()
    with pytest.raises(TypeError, match="unexpected keyword argument 'jitter'"):
        pyntk.lambda_min(np.eye(2), jitter=1)
    with pytest.raises(ValueError, match=r"H\[1, 1\] is inf"):
        pyntk.lambda_min(np.diag([1, np.inf]))
    with pytest.raises(ValueError, match=r"H must have shape \(n, n\)"):
        pyntk.lambda_min(np.ones((2, 3)), certified=True)
