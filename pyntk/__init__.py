"""Neural tangent kernels of ReLU networks: fast, accurate, and with the theorems checkable.

Importing this module starts no thread, reads no array, and loads no backend; the first call of a
kernel loads the backend that it uses (``python -m pyntk info`` lists them).
"""

import importlib
from types import ModuleType

from pyntk import activation
from pyntk.derivatives import ntk_vjp
from pyntk.dispatch import BackendError
from pyntk.finite_width import finite_width_gram
from pyntk.gram import arc_cosine_gram, ntk_diag, ntk_gram
from pyntk.network import Gradients, TwoLayer
from pyntk.patterns import pattern_flips
from pyntk.products import ntk_matmul, ntk_operator
from pyntk.projections import LabelSpectrum, label_spectrum
from pyntk.spectrum import eigh, eigvalsh

__version__ = "0.1.0"

__all__ = [
    "BackendError",
    "Gradients",
    "LabelSpectrum",
    "TwoLayer",
    "__version__",
    "activation",
    "arc_cosine_gram",
    "eigh",
    "eigvalsh",
    "finite_width_gram",
    "label_spectrum",
    "ntk_diag",
    "ntk_gram",
    "ntk_matmul",
    "ntk_operator",
    "ntk_vjp",
    "pattern_flips",
]


def __getattr__(name: str) -> ModuleType:
    """Import pyntk.theory and pyntk.data when they are first looked at."""
    if name in ("data", "theory"):
        return importlib.import_module(f"pyntk.{name}")
    raise AttributeError(f"module 'pyntk' has no attribute {name!r}")
