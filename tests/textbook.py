"""The kernels of deep ReLU networks by the textbook recursion, in many digits.

What is carried from layer to layer is the covariance K of a pair and the two variances p and q, as
in the papers (Cho and Saul 2009; Jacot et al. 2018; Arora et al. arXiv 1904.11955, section 3): no
identity of the library, no care for cancellation, but so many digits that none is felt. (An angle
of 1e-14 takes 28 digits of a cosine.)
"""

import functools

import mpmath
import numpy as np

DIGITS = 70
PI = np.arccos(np.longdouble(-1))
FIRST, LAST, ALL, DEGREE_0, DEGREE_1 = range(5)


def numbers(row):
    """The entries of a row, exactly."""
    return [mpmath.mpf(float(v)) for v in row]


def expectations(K, p, q):
    """E[relu(u) relu(v)] and E[relu'(u) relu'(v)], (u, v) Gaussian with covariance (p, K; K, q)."""
    size = mpmath.sqrt(p * q)
    if size == 0:
        return mpmath.mpf(0), mpmath.mpf(1) / 4
    c = max(-mpmath.mpf(1), min(mpmath.mpf(1), K / size))
    theta = mpmath.acos(c)
    relus = size * (mpmath.sin(theta) + (mpmath.pi - theta) * c) / (2 * mpmath.pi)
    return relus, (mpmath.pi - theta) / (2 * mpmath.pi)


def pair(x, z, weight_variance, bias_variance, depth):
    """[(first, last, all) of depth 1, of depth 2, ...] for two rows of mpmath numbers."""
    a, b = mpmath.mpf(weight_variance), mpmath.mpf(bias_variance)
    p, q, K = (a * mpmath.fdot(s, t) + b for s, t in ((x, x), (z, z), (x, z)))
    first = every = K
    layers = []
    for _ in range(depth):
        relus, steps = expectations(K, p, q)
        K, p, q = a * relus + b, a * p / 2 + b, a * q / 2 + b
        first, every = a * steps * first, a * steps * every + K
        layers.append((first, K, every))
    return layers


def arc_cosine(x, z, degree):
    """The kernels of Cho and Saul: 2 E[relu' relu'] of degree 0, 2 E[relu relu] of degree 1."""
    relus, steps = expectations(*(mpmath.fdot(s, t) for s, t in ((x, z), (x, x), (z, z))))
    return 2 * (relus if degree else steps)


def kinds(x, z, recipe):
    """[(first, last, all) per layer], or [(the kernel,)] of a degree."""
    if recipe.kind >= DEGREE_0:
        return [(arc_cosine(x, z, recipe.kind - DEGREE_0),)]
    return pair(x, z, recipe.weight_variance, recipe.bias_variance, recipe.depth)


def gradient(x, z, recipe):
    """d kinds(x, z) / d x_k for every k, by central differences.

    The step is 1e-25 of the row with the bias beside it, and their error about its square. Where
    the angle is 0 or pi the kernel has a kink |step|, which the difference takes out: the
    convention of the contract. A zero row, where the kernel without bias has no derivative, gets 0
    by definition.
    """
    squares = mpmath.fdot(x, x)
    zero = squares == 0
    if recipe.kind < DEGREE_0:
        squares += mpmath.mpf(recipe.bias_variance) / mpmath.mpf(recipe.weight_variance)
    step = 1 if zero else mpmath.sqrt(squares) * mpmath.mpf(10) ** -25
    result = []
    for k in range(len(x)):
        up, down = (kinds([*x[:k], x[k] + sign * step, *x[k + 1 :]], z, recipe) for sign in (1, -1))
        result.append(
            [
                [0 if zero else (p - q) / (2 * step) for p, q in zip(*layers, strict=True)]
                for layers in zip(up, down, strict=True)
            ]
        )
    return result


def as_longdouble(value):
    """An mpmath number rounded to 64 bits of mantissa."""
    if value == 0:
        return np.longdouble(0)
    mantissa, exponent = mpmath.frexp(value)
    high = float(mantissa)
    return np.ldexp(np.longdouble(high) + np.longdouble(float(mantissa - high)), int(exponent))


def longdoubles(values):
    return np.array([[as_longdouble(value) for value in layer] for layer in values])


def gram(X, Z, recipe):
    """K_ij = k(x_i, z_j) in longdouble."""
    layers = _all_pairs(*_key(X), *_key(Z), _family(recipe))
    return layers[..., recipe.depth - 1, recipe.kind % 3]


def gradients(X, Z, where, recipe):
    """d k(x_i, z_j) / d x_i, (n, p, d) in longdouble; 0 except where a Boolean (n, p) says so."""
    layers = _all_gradients(*_key(X), *_key(Z), where.tobytes(), _family(recipe))
    return layers[..., recipe.depth - 1, recipe.kind % 3]


def _key(X):
    return X.tobytes(), X.dtype.str, X.shape


def _family(recipe):
    """The recipes that one recursion serves: three kinds cost no more than one."""
    kind = recipe.kind if recipe.kind >= DEGREE_0 else FIRST
    return recipe._replace(kind=kind, float64_sums=False)


def _rows(X, dtype, shape):
    return [numbers(x) for x in np.frombuffer(X, dtype).reshape(shape)]


# Cached: every backend asks for the same.
@functools.lru_cache(maxsize=256)
def _all_pairs(X, X_dtype, X_shape, Z, Z_dtype, Z_shape, recipe):
    """(n, p, depth, 3), the pairs that need no digits by longdouble."""
    rows, columns = np.frombuffer(X, X_dtype), np.frombuffer(Z, Z_dtype)
    result, plain = _by_longdouble(rows.reshape(X_shape), columns.reshape(Z_shape), recipe)
    symmetric = X == Z
    with mpmath.workdps(DIGITS):
        rows, columns = _rows(X, X_dtype, X_shape), _rows(Z, Z_dtype, Z_shape)
        for i, j in np.argwhere(~plain):
            if symmetric and i < j:
                continue
            result[i, j] = longdoubles(kinds(rows[i], columns[j], recipe))
            if symmetric:
                result[j, i] = result[i, j]
    return result


def _by_longdouble(X, Z, recipe):
    """The recursion in NumPy, and where it is good: at angles of 0.1 and more in every layer.

    A rounding of the cosine, 2^-64, is at most ten times that in such an angle: with a few layers
    a hundredth of a float64 unit. Subnormal and huge rows are left to mpmath as well.
    """
    result = np.zeros((len(X), len(Z), recipe.depth, 3), np.longdouble)
    X, Z = X.astype(np.longdouble), Z.astype(np.longdouble)
    a, b = np.longdouble(recipe.weight_variance), np.longdouble(recipe.bias_variance)
    if recipe.kind >= DEGREE_0:
        a, b = np.longdouble(1), np.longdouble(0)
    p, q, K = (X**2).sum(1)[:, None] * a + b, (Z**2).sum(1) * a + b, X @ Z.T * a + b
    plain = (p > 1e-30) & (q > 1e-30) & (p < 1e30) & (q < 1e30)
    first = every = K
    for layer in range(recipe.depth):
        size = np.sqrt(np.where(plain, p * q, 1))
        theta = np.arccos(np.clip(K / size, -1, 1))
        plain = plain & (theta > 0.1) & (theta < 3.04)
        steps = (PI - theta) / (2 * PI)
        relus = size * (np.sin(theta) / (2 * PI) + steps * np.cos(theta))
        if recipe.kind >= DEGREE_0:
            result[:, :, 0] = 2 * (relus if recipe.kind == DEGREE_1 else steps)[:, :, None]
            break
        K, p, q = a * relus + b, a / 2 * p + b, a / 2 * q + b
        first, every = a * steps * first, a * steps * every + K
        for kind, value in enumerate((first, K, every)):
            result[:, :, layer, kind] = value
    return result, plain


@functools.lru_cache(maxsize=256)
def _all_gradients(X, X_dtype, X_shape, Z, Z_dtype, Z_shape, where, recipe):
    """(n, p, d, depth, 3)."""
    n, p, d = X_shape[0], *Z_shape
    result = np.zeros((n, p, d, recipe.depth, 3), np.longdouble)
    with mpmath.workdps(DIGITS + 40):
        rows, columns = _rows(X, X_dtype, X_shape), _rows(Z, Z_dtype, Z_shape)
        for i, j in np.argwhere(np.frombuffer(where, bool).reshape(n, p)):
            for k, value in enumerate(gradient(rows[i], columns[j], recipe)):
                result[i, j, k] = longdoubles(value)
    return result
