"""Which precision a matrix is factored in, and what the result is then worth."""

from typing import Final

import numpy as np

from pyntk.arrays import to_host
from pyntk.contract import Array
from pyntk.linalg.cholesky import Factor, NotPositiveDefiniteError, factorise, refuse_singular
from pyntk.linalg.long_sums import long_dot, long_residual
from pyntk.linalg.refinement import Refined, Wanted, refine
from pyntk.linalg.symmetric import UNIT, KernelMatrix, Symmetric, product_by_blocks
from pyntk.linalg.where import column_sizes, largest

LARGEST_ERROR: Final = 1e-9
"""Of what is returned for rows X: promise 10."""

TARGETS: Final = {"solution": 3e-11, "form": 1e-11}
"""Where refinement ends for the kernel of rows, whose entries are rounded."""

TARGET_GIVEN: Final = 1e-13
"""Where it ends for a matrix as given."""

DOUBT: Final = 2e-10
"""An error beyond which the rounding of float64 products is felt beside that of the entries."""

NO_DIGITS: Final = 1e-2
"""An error, or a relative residual, at which no solution of a given matrix is returned."""

PROBES: Final = 8

ENTRY_DOUBT: Final = {"solution": UNIT / 2, "form": UNIT}
"""What entries are taken to be off by, relative to w_ij below."""


def refined_solution(
    call: str, matrix: Symmetric, Y: Array, jitter: float, wanted: Wanted, *, strict: bool = True
) -> Refined:
    """Solve (H + jitter I) X = Y: float32 factors where that may do, float64 where it does not.

    Args:
        call: for messages.
        matrix: H.
        Y: (n, k) float64.
        jitter: at least 0.
        wanted: whose error decides.
        strict: refuse an error beyond LARGEST_ERROR where H is the kernel of rows; else estimate
            the smallest eigenvalue.

    Raises:
        numpy.linalg.LinAlgError: the matrix is not positive definite, or the error too large.
        MemoryError: as :func:`pyntk.linalg.cholesky.factorise`.
    """
    system = _System(matrix, jitter, Y)
    if matrix.single or isinstance(matrix, KernelMatrix):
        try:
            factor = factorise(call, matrix, system.diagonal, np.float32)
            reached = system.refined(factor, wanted)
            if reached.errors.max(initial=0) <= LARGEST_ERROR:
                return system.worth(factor, reached, wanted, strict=strict)
            del factor
        except NotPositiveDefiniteError:
            pass  # in float32, that is
    factor = factorise(call, matrix, system.diagonal, np.float64)
    refuse_singular(matrix.name, factor)
    return system.worth(factor, system.refined(factor, wanted), wanted, strict=strict)


class _System:
    """(H + jitter I) X = Y, with H and the columns of Y scaled to sizes about 1, exactly."""

    def __init__(self, matrix: Symmetric, jitter: float, Y: Array) -> None:
        if isinstance(matrix, KernelMatrix):
            matrix.keep()
        self.matrix, self.jitter, self.place = matrix, jitter, matrix.place
        self.diagonal = matrix.diagonal + jitter
        self.unit = float(np.ldexp(1.0, 2 - int(np.frexp(largest(self.diagonal, 1e-300))[1])))
        self.sizes = np.ldexp(1.0, np.frexp(to_host(column_sizes(Y)))[1] - 1)
        self.Y = Y / self.place.moved(self.sizes)

    def refined(self, factor: Factor, wanted: Wanted) -> Refined:
        """Solve the scaled system."""
        from_rows = isinstance(self.matrix, KernelMatrix)
        return refine(
            self._product,
            self._residual,
            lambda B: factor.solve(B / self.unit),
            self.Y,
            wanted,
            TARGETS[wanted] if from_rows else TARGET_GIVEN,
        )

    def worth(self, factor: Factor, reached: Refined, wanted: Wanted, *, strict: bool) -> Refined:
        """Add what the rounding of the kernel's entries costs; raise, if strict, if it is too much.

        With entries off by e w_ij, at random, the form is off by about e (sum_ij w_ij^2 x_i^2
        x_j^2)^(1/2), and the solution by K^-1 g, g_i about e (sum_j w_ij^2 x_j^2)^(1/2). w_ij =
        sqrt(K_ii K_jj) needs no entries; where it is too much, w_ij^2 = K_ij^2 + K_ii K_jj / 100.
        (Bounds in place of estimates would be some n times larger: certified=True has them.)
        """
        if not strict:
            reached = reached._replace(smallest=factor.smallest_eigenvalue())
        elif isinstance(self.matrix, KernelMatrix):
            D2 = (self.diagonal * self.unit)[:, None]
            squares = D2 * (D2 * reached.X**2).sum(axis=0)
            errors = reached.errors + self._entries(factor, reached, wanted, squares)
            if not errors.max(initial=0) <= LARGEST_ERROR:
                squares = 0.01 * squares + product_by_blocks(
                    self.matrix, reached.X**2, lambda part: (part * self.unit) ** 2
                )
                errors = reached.errors + self._entries(factor, reached, wanted, squares)
            worst = errors.max(initial=0)
            if worst > DOUBT:
                reached = self._corrected(factor, reached)
            if not worst <= LARGEST_ERROR:
                raise np.linalg.LinAlgError(
                    f"{self.matrix.name} is too ill-conditioned for {LARGEST_ERROR:g}: an error of "
                    f"about {worst:.2g} and a relative residual of {reached.residual.max():.2g} "
                    "were reached; H=pyntk.ntk_gram(X) in float64 is solved whatever its "
                    "condition, and certified=True bounds what that is worth"
                )
            reached = reached._replace(errors=errors)
        elif not max(reached.errors.max(initial=0), reached.residual.max(initial=0)) <= NO_DIGITS:
            raise np.linalg.LinAlgError(
                f"{self.matrix.name} is singular to working precision: an error of about "
                f"{reached.errors.max():.2g} and a relative residual of "
                f"{reached.residual.max():.2g} were reached"
            )
        return reached._replace(
            X=reached.X * self.unit * self.place.moved(self.sizes),
            forms=reached.forms * self.unit * self.sizes * self.sizes,
        )

    def _entries(self, factor: Factor, reached: Refined, wanted: Wanted, squares: Array) -> Array:
        """Return the relative errors; squares (n, k): sum_j w_ij^2 x_j^2 of the scaled system."""
        noise = ENTRY_DOUBT[wanted] * np.sqrt(squares)[:, :, None]
        if wanted == "form":
            costs = to_host(np.sqrt(((reached.X * noise[:, :, 0]) ** 2).sum(axis=0)))
            whole = np.abs(reached.forms)
        else:
            n, k = squares.shape
            numbers = np.random.default_rng(0).standard_normal((n, 1, PROBES))
            probes = noise * self.place.moved(numbers)
            answers = factor.solve(probes.reshape(n, k * PROBES) / self.unit)
            mean = (answers.reshape(n, k, PROBES) ** 2).sum(axis=(0, 2)) / PROBES
            costs = reached.spread * to_host(np.sqrt(mean))
            whole = to_host(np.sqrt((reached.X**2).sum(axis=0)))
        return costs / np.where(whole > 0, whole, 1)

    def _product(self, V: Array) -> Array:
        return (self.matrix.product(V) + self.jitter * V) * self.unit

    def _residual(self, V: Array) -> Array:
        if isinstance(self.matrix, KernelMatrix):
            return self.Y - (self.matrix.exact_product(V) + self.jitter * V) * self.unit
        return self._long_residual(V)

    def _long_residual(self, V: Array) -> Array:
        return long_residual(self.matrix, V, self.jitter, self.unit, self.Y)

    def _corrected(self, factor: Factor, reached: Refined) -> Refined:
        """Take one more step, on a residual that was summed to twice the digits."""
        R = self._long_residual(reached.X)
        Z = factor.solve(R / self.unit)
        forms = long_dot(reached.X, self.Y) + (long_dot(reached.X, R) + (R * Z).sum(axis=0))
        return reached._replace(X=reached.X + Z, forms=to_host(forms))
