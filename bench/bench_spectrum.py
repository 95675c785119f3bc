"""eigh beside NumPy's, SciPy's and PyTorch's; label_spectrum beside eigh, on the same LAPACK.

pyntk takes the fastest LAPACK that is there (``python -m pyntk info``). Without MKL PyTorch, whose
wheel carries it, is the one to be slower than, and its ratio is printed without a bound. What
label_spectrum cannot be faster than is the tridiagonalisation, which is timed for itself.
"""

import importlib
from functools import partial

import numpy as np
import scipy.linalg
from contenders import missing
from data import gaussian
from measure import Local
from problem import Bound, Contender, Problem

import pyntk
from pyntk.backends import lapack_tridiagonal, lapack_two_stage
from pyntk.backends.lapack_library import find, library

PEERS = ("NumPy", "SciPy, driver evr", "SciPy, driver evd")


def problems(quick):
    n = 384 if quick else 4096
    return [
        *(eigenpairs(n, dtype) for dtype in (np.float64, np.float32)),
        *(labels(n, dtype, k) for dtype, k in ((np.float64, 1), (np.float64, 10), (np.float32, 1))),
    ]


def eigenpairs(n, dtype):
    """All eigenvalues and eigenvectors of a Gram matrix."""
    torch = Contender(by_torch, check_pairs, partial(missing, "torch"))
    bounds = [Bound("pyntk", "times", 1.05, peer) for peer in PEERS]
    if find("mkl"):
        bounds.append(Bound("pyntk", "times", 1.05, "PyTorch"))
    return Problem(
        f"eigh, {np.dtype(dtype)}, n={n}",
        partial(gram, n, dtype),
        {
            "pyntk": pairs(pyntk.eigh),
            "NumPy": pairs(np.linalg.eigh),
            "SciPy, driver evr": pairs(partial(scipy.linalg.eigh, driver="evr")),
            "SciPy, driver evd": pairs(partial(scipy.linalg.eigh, driver="evd")),
            "PyTorch": torch,
        },
        bounds=bounds,
    )


def labels(n, dtype, k):
    """All eigenvalues and the projections of k labels; eigh and a product give the same."""
    bounds = [Bound("pyntk", "times", 1 / (2.5 if library().name == "mkl" else 1.8), "pyntk.eigh")]
    return Problem(
        f"label_spectrum, {np.dtype(dtype)}, n={n}, {k} label{'s' * (k > 1)}",
        partial(gram_and_labels, n, dtype, k),
        {
            "pyntk": spectrum(pyntk.label_spectrum),
            "pyntk.eigh": spectrum(through_eigenvectors),
            "pyntk.eigvalsh": Contender(
                lambda data: Local(partial(pyntk.eigvalsh, data[0])), check_values
            ),
            "the tridiagonalisation": Contender(
                lambda data: Local(partial(tridiagonal, *data)), check_trace
            ),
        },
        bounds=bounds if k == 1 else (),
    )


def gram(n, dtype):
    return pyntk.ntk_gram(gaussian(n, 50, dtype))


def gram_and_labels(n, dtype, k):
    return gram(n, dtype), np.sign(gaussian(n, k, dtype, seed=1))


def pairs(eigh):
    return Contender(lambda H: Local(partial(eigh, H)), check_pairs)


def by_torch(H):
    from pyntk.threads import allowed

    torch = importlib.import_module("torch")
    torch.set_num_threads(allowed())
    return Local(lambda: tuple(map(np.asarray, torch.linalg.eigh(torch.from_numpy(H)))))


def spectrum(call):
    return Contender(lambda data: Local(partial(call, *data)), check_projections)


def through_eigenvectors(H, Y):
    values, vectors = pyntk.eigh(H)
    return values, (vectors.T @ Y) ** 2


def tridiagonal(H, Y):
    """The diagonal of T = Q' H Q, in the way that label_spectrum takes."""
    A = H.copy()
    if Y.shape[1] == 1 and lapack_two_stage.is_faster(len(A), A.dtype):
        return lapack_two_stage.reduce(A)[0]
    return lapack_tridiagonal.tridiagonalise(A)[0]


def check_pairs(H, runner):
    """LAPACK's test ratios, |H V - V diag(w)| over n u |H| and |V' V - I| over n u, below 30."""
    values, vectors = runner.answer
    units = len(H) * np.finfo(H.dtype).eps / 2
    vectors = vectors.astype(np.float64)
    residual = np.abs(H @ vectors - vectors * values).sum(0).max() / np.abs(H).sum(0).max()
    defect = np.abs(vectors.T @ vectors - np.eye(len(H))).sum(0).max()
    assert_below_30(max(residual, defect) / units)


def check_values(data, runner):
    """The sum of the squares of the eigenvalues is that of the entries."""
    H, values = data[0].astype(np.float64), runner.answer.astype(np.float64)
    units = len(H) * np.finfo(data[0].dtype).eps / 2
    assert_below_30(abs((values**2).sum() / (H**2).sum() - 1) / units)


def check_trace(data, runner):
    """T has the trace of H."""
    H, diagonal = data[0], runner.answer
    units = len(H) * np.finfo(H.dtype).eps / 2
    assert_below_30(
        abs(float(diagonal.sum(dtype=np.float64)) / np.trace(H, dtype=float) - 1) / units
    )


def check_projections(data, runner):
    """sum_k w_k^p (v_k.y)^2 = y' H^p y for p = 0, 1, 2, to 30 n u."""
    (H, Y), (values, projections) = data, runner.answer
    H, Y, units = H.astype(np.float64), Y.astype(np.float64), len(H) * np.finfo(H.dtype).eps / 2
    moments = [(Y**2).sum(0), (Y * (H @ Y)).sum(0), ((H @ Y) ** 2).sum(0)]
    largest = float(values[-1])
    for p, moment in enumerate(moments):
        found = (projections.astype(np.float64) * values.astype(np.float64)[:, None] ** p).sum(0)
        error = np.abs(found - moment).max() / (largest**p * moments[0].max())
        assert_below_30(error / ((p + 1) * units))


def assert_below_30(ratio):
    if not ratio < 30:
        raise AssertionError(f"the error is {ratio:.3g} times n u, LAPACK's threshold is 30")


def test_spectrum(compete):
    compete()
