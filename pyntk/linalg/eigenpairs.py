"""A few extreme eigenpairs of a kernel matrix that is never stored."""

from typing import Any, Final, Literal, NamedTuple

import numpy as np

from pyntk.arrays import to_host
from pyntk.contract import Array
from pyntk.linalg.davidson import BLOCK, Ritz, davidson
from pyntk.linalg.nystrom import nystrom, nystrom_bytes
from pyntk.linalg.operators import (
    SymmetricOperator,
    admit_operator,
    admit_seed,
    placed_by_operator,
    product_bytes,
)
from pyntk.linalg.steps import Steps
from pyntk.memory import WORKING, require
from pyntk.progress import Report, admit_progress
from pyntk.scalars import admit_count, admit_number

TOLERANCES: Final = {("largest", False): 1e-10, ("largest", True): 1e-5, ("smallest", False): 1e-6,
                     ("smallest", True): 1e-5}  # fmt: skip
"""By ``which`` and whether the operator is float32, whose products are off by 1e-7 or so."""

RANK: Final = 256
"""Of the preconditioner for the smallest eigenvalues."""


class PartialSpectrum(NamedTuple):
    r"""A few eigenpairs of a symmetric operator K.

    Attributes:
        eigenvalues: (k,) float64, ascending, as :func:`eigh` gives them.
        eigenvectors: (n, k) float64; column j belongs to eigenvalue j.
        residuals: (k,) float64, \|K v - lambda v\|, computed from a product of its own. Within each
            of them of its eigenvalue lies an exact one.
    """

    eigenvalues: Array
    eigenvectors: Array
    residuals: Array


class NotConvergedError(np.linalg.LinAlgError):
    """The eigenpairs were not reached to the tolerance.

    Attributes:
        reached: the :class:`PartialSpectrum` that were, with their residuals.
    """

    def __init__(self, message: str, reached: PartialSpectrum) -> None:
        super().__init__(message)
        self.reached = reached


def eigsh(
    op_or_X: Any,
    k: int,
    which: Literal["largest", "smallest"] = "largest",
    *,
    tol: float | None = None,
    most_steps: int = 1000,
    seed: int = 0,
    progress: bool | Report = False,
    **kernel: Any,
) -> PartialSpectrum:
    r"""The k largest or smallest eigenvalues, and eigenvectors, from products alone.

    The largest come by Davidson's method in blocks, restarted thickly, which without a
    preconditioner is block Lanczos: n (d + 10 k + 256) numbers of memory. The smallest are
    preconditioned with a randomised Nystrom approximation. They are the ends of a dense spectrum
    and converge slowly where its gaps are small beside its largest eigenvalue (a residual of 1e-6
    of it can take hundreds of products): where the matrix fits in memory,
    ``eigh(ntk_gram(X), subset=...)`` is faster and exact. An eigenvalue's own error is about the
    square of its residual over the gap to the next one that was not asked for, where that is less.

    On a CUDA device the basis stays there; a step brings a few thousand numbers, of the matrix
    projected on the basis, to the host, and waits for them.

    Args:
        op_or_X: (n, d) rows, whose kernel matrix is meant; or a real symmetric LinearOperator, such
            as :func:`ntk_operator` returns, of scipy.sparse.linalg for host arrays or
            cupyx.scipy.sparse.linalg for a device.
        k: from 1 to n.
        which: "largest" or "smallest", by value and not by size.
        tol: largest residual, as a share of the largest \|eigenvalue\|. None: 1e-10 for the
            largest, 1e-6 for the smallest, and 1e-5 for float32 operators, whose products are
            rounded to float32.
        most_steps: products before giving up.
        seed: of the first block.
        progress: True shows a bar; a callable(done, total) is called after each product.
        **kernel: keywords of :func:`ntk_operator`, with rows alone.

    Returns:
        :class:`PartialSpectrum`, a named tuple, of arrays where X is; of an operator's arrays for
        an operator. For n <= 4 k + 256 (k from 16 on) the matrix is
        formed, since a basis would be no smaller.

    Raises:
        ValueError: as for :func:`ntk_operator`; k, tol or another number out of its range.
        TypeError: as for :func:`ntk_operator`; keywords beside an operator.
        MemoryError: more memory is needed than is available; the message has both numbers.
        NotConvergedError: a numpy.linalg.LinAlgError with what was reached, ``reached``.

    References:
        R. Morgan, D. Scott, SIAM J. Sci. Stat. Comput. 7, 1986; K. Wu, H. Simon, SIAM J. Matrix
        Anal. Appl. 22, 2000; Z. Frangella, J. Tropp, M. Udell, arXiv 2110.02820.
    """
    found, problem = _found(
        op_or_X, k, which, kernel, tol=tol, most_steps=most_steps, seed=seed, progress=progress,
        backend=kernel.get("backend"),
    )  # fmt: skip
    if problem:
        raise NotConvergedError(problem, found)
    return found


@placed_by_operator
def _found(
    op_or_X: Any, /, k: Any, which: Any, kernel: dict[str, Any], *, tol: Any, most_steps: Any,
    seed: Any, progress: Any, backend: str | None,
) -> tuple[PartialSpectrum, str]:  # fmt: skip
    """Return what was found, and what is wrong with it, or ""."""
    count, steps = admit_count("k", k), admit_count("most_steps", most_steps)
    if which not in ("largest", "smallest"):
        raise ValueError(f"which must be 'largest' or 'smallest', not {which!r}")
    random = admit_seed(seed)
    admit_progress(progress)
    multiply = admit_operator(op_or_X, kernel)
    n, place = multiply.n, multiply.place
    if count > n:
        raise ValueError(f"k must be at most n = {n}, not {count}")
    share = TOLERANCES[which, multiply.single] if tol is None else admit_number("tol", tol, least=0)
    basis = 2 * max(count, BLOCK) + 8 * BLOCK
    if n <= 2 * basis:
        return _checked(multiply, _by_forming(multiply, count, largest=which == "largest"), share)
    rank = 0 if which == "largest" else min(RANK, n // 4)
    require(
        "eigsh",
        max(
            8 * n * (2 * basis + 6 * max(count, BLOCK)) + 8 * n * rank,
            nystrom_bytes(n, rank, place),
        )
        + product_bytes(n, max(count, BLOCK), place)
        + WORKING,
        on_device=place.on_device,
        hint="fewer eigenpairs need less",
    )
    with Steps(progress, steps) as counted:
        precondition = None
        if rank:
            near = nystrom(multiply, n, rank, random, counted.advance, place)
            precondition = near.preconditioner(0)
        pairs = davidson(
            multiply, count, basis, largest=which == "largest", share=share,
            random=random, precondition=precondition,
        )  # fmt: skip
        for found in pairs:
            counted.advance()
            reached = len(found.values) == count and (found.residuals <= share * found.size).all()
            if reached or counted.done >= steps:
                break
    return _checked(multiply, found, share, steps)


def _by_forming(multiply: SymmetricOperator, k: int, *, largest: bool) -> Ritz:
    """Return the pairs of an operator so small that its basis would be as large as itself."""
    n, place = multiply.n, multiply.place
    K = multiply(place.xp.eye(n))
    with place.checked():
        values, vectors = np.linalg.eigh((K + K.T) / 2)
    size = float(np.abs(values).max())
    if largest:
        values, vectors = values[::-1], vectors[:, ::-1]
    return Ritz(to_host(values[:k]), vectors[:, :k], np.zeros(k), size)


def _checked(
    multiply: SymmetricOperator, found: Ritz, share: float, most: int | None = None
) -> tuple[PartialSpectrum, str]:
    """Return what was found in the order of eigh, unscaled, with residuals of its own product.

    And what is wrong, where the pairs were iterated for ``most`` steps at most.
    """
    place, order = multiply.place, np.argsort(found.values)
    values, V = place.moved(found.values[order]), place.contiguous(found.vectors[:, order])
    lengths = np.linalg.norm(multiply(V) - V * values, axis=0)
    reached = PartialSpectrum(values * multiply.scale, V, lengths * multiply.scale)
    residuals = to_host(lengths)
    # Twice: the recurrence's residuals and these differ by the roundings of two products.
    if most is None or (residuals <= 2 * share * found.size).all():
        return reached, ""
    return reached, (
        f"the largest residual is {residuals.max() / found.size:.3g} of the largest eigenvalue "
        f"after {multiply.products} products (most_steps = {most}); tol = {share:.3g} was "
        "asked for; the error's attribute reached has the pairs"
    )
