"""Fits the polynomials of arc_cosine.hpp and prints their coefficients and errors. Needs mpmath.

Q(t) = acos(1 - t) / (pi sqrt t) and R(t) = (sqrt(1 - c^2) - c acos c) / (pi t^1.5), c = 1 - t, are
analytic on [0, 1] (their nearest singularity is t = 2), so Remez' exchange converges in a few
steps. The error is minimised relative to the function. ``python csrc/math/fit_arc_cosine.py``
"""

import mpmath as mp

mp.mp.dps = 60
DEGREES = {"Q float": 7, "R float": 6, "Q double": 17, "R double": 16}


def Q(t):
    """The function behind the angle."""
    return mp.sqrt(2) / mp.pi if t == 0 else mp.acos(1 - t) / (mp.pi * mp.sqrt(t))


def R(t):
    """The function behind the degree-1 kernel."""
    if t < mp.mpf(10) ** -15:
        return 2 * mp.sqrt(2) / (3 * mp.pi) * (1 - mp.mpf(3) / 20 * t)
    c = 1 - t
    return (mp.sqrt(1 - c * c) - c * mp.acos(c)) / (mp.pi * t ** (mp.mpf(3) / 2))


def fit(f, degree):
    """Coefficients of the minimax polynomial (relative error) on [0, 1], and that error."""
    size = degree + 2
    nodes = [(1 - mp.cos(mp.pi * k / (size - 1))) / 2 for k in range(size)]
    grid = [(1 - mp.cos(mp.pi * k / 4000)) / 2 for k in range(4001)]
    values = [f(t) for t in grid]
    for _ in range(8):
        rows = [[t**k for k in range(degree + 1)] + [(-1) ** i * f(t)] for i, t in enumerate(nodes)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([f(t) for t in nodes]))
        c = [solution[k] for k in range(degree + 1)]
        error = [mp.polyval(c[::-1], t) / v - 1 for t, v in zip(grid, values, strict=True)]
        nodes = extrema(grid, error)
        if len(nodes) != size:
            break
    return c, max(abs(e) for e in error)


def extrema(grid, error):
    """One point of largest error in each run of equal sign."""
    found, best = [], 0
    for i in range(1, len(grid)):
        if error[i] * error[best] < 0:
            found.append(grid[best])
            best = i
        elif abs(error[i]) > abs(error[best]):
            best = i
    return [*found, grid[best]]


if __name__ == "__main__":
    for name, degree in DEGREES.items():
        coefficients, error = fit({"Q": Q, "R": R}[name[0]], degree)
        print(f"{name}: degree {degree}, relative error {mp.nstr(error, 3)}")
        print("  " + ", ".join(mp.nstr(c, 20) for c in coefficients))
