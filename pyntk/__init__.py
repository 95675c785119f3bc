"""Neural tangent kernels of ReLU networks: fast, accurate, and with the theorems checkable.

Importing this module starts no thread, reads no array, and loads no backend; the first call of a
kernel loads the backend that it uses (``python -m pyntk info`` lists them).
"""

import importlib
from types import ModuleType

from pyntk import activation, distributions, schedule
from pyntk.derivatives import ntk_vjp
from pyntk.dispatch import BackendError
from pyntk.finite import assume_finite
from pyntk.finite_width import finite_width_gram
from pyntk.gram import arc_cosine_gram, ntk_diag, ntk_gram
from pyntk.linalg.certificate import Interval
from pyntk.linalg.cg import CGSolution, SolveInterrupted, cg_solve
from pyntk.linalg.density import SpectralDensity, spectral_density
from pyntk.linalg.eigenpairs import NotConvergedError, PartialSpectrum, eigsh
from pyntk.linalg.leave_one_out import leave_one_out_complexity, leave_one_out_residuals
from pyntk.linalg.projections import LabelSpectrum, label_spectrum
from pyntk.linalg.regression import KernelRegression, kernel_regression
from pyntk.linalg.smallest_eigenvalue import lambda_min
from pyntk.linalg.solves import QuadraticForm, Solution, logdet, quadratic_form_inverse, solve
from pyntk.linalg.spectrum import eigh, eigvalsh
from pyntk.network import Gradients, TwoLayer
from pyntk.patterns import pattern_flips
from pyntk.products import ntk_matmul, ntk_operator
from pyntk.streaming.open_gram import open_gram
from pyntk.streaming.stream_gram import stream_gram
from pyntk.training.replicas import train_replicas
from pyntk.training.run import Distance, DivergenceError, Record, Run, Weights
from pyntk.training.train import train

__version__ = "0.1.0"

__all__ = [
    "BackendError",
    "CGSolution",
    "Distance",
    "DivergenceError",
    "Gradients",
    "Interval",
    "KernelRegression",
    "LabelSpectrum",
    "NotConvergedError",
    "PartialSpectrum",
    "QuadraticForm",
    "Record",
    "Run",
    "Solution",
    "SolveInterrupted",
    "SpectralDensity",
    "TwoLayer",
    "Weights",
    "__version__",
    "activation",
    "arc_cosine_gram",
    "assume_finite",
    "cg_solve",
    "distributions",
    "eigh",
    "eigsh",
    "eigvalsh",
    "finite_width_gram",
    "kernel_regression",
    "label_spectrum",
    "lambda_min",
    "leave_one_out_complexity",
    "leave_one_out_residuals",
    "logdet",
    "ntk_diag",
    "ntk_gram",
    "ntk_matmul",
    "ntk_operator",
    "ntk_vjp",
    "open_gram",
    "pattern_flips",
    "quadratic_form_inverse",
    "schedule",
    "solve",
    "spectral_density",
    "stream_gram",
    "train",
    "train_replicas",
]


def __getattr__(name: str) -> ModuleType:
    """Import pyntk.theory and pyntk.data when they are first looked at."""
    if name in ("data", "theory"):
        return importlib.import_module(f"pyntk.{name}")
    raise AttributeError(f"module 'pyntk' has no attribute {name!r}")
