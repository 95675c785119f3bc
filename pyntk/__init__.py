"""Neural tangent kernels of ReLU networks: fast, accurate, and with the theorems checkable.

Importing this module starts no thread, reads no array, and loads no backend; the first call of a
kernel loads the backend that it uses (``python -m pyntk info`` lists them).
"""

import importlib
from types import ModuleType

from pyntk.dispatch import BackendError
from pyntk.gram import finite_width_gram, ntk_gram
from pyntk.network import Gradients, TwoLayer
from pyntk.spectrum import eigh

__version__ = "0.1.0"

__all__ = [
    "BackendError",
    "Gradients",
    "TwoLayer",
    "__version__",
    "eigh",
    "finite_width_gram",
    "ntk_gram",
]


def __getattr__(name: str) -> ModuleType:
    """Import pyntk.theory and pyntk.data when they are first looked at."""
    if name in ("data", "theory"):
        return importlib.import_module(f"pyntk.{name}")
    raise AttributeError(f"module 'pyntk' has no attribute {name!r}")
