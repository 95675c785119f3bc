"""Neural tangent kernels of ReLU networks: fast, accurate, and with the theorems checkable.

Importing this module starts no thread, reads no array, and loads no backend; the first call of a
kernel loads the backend that it uses (``python -m pyntk info`` lists them).
"""

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
