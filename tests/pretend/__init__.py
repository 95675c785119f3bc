"""A pretended CUDA machine for tests: CuPy, PyTorch and JAX arrays "on devices" over host memory.

``tests/pretended.py`` installs it. What it does to an argument is what CuPy 14 does: the same
refusals, the same copies and synchronisations. Numbers are NumPy's, and the kernels of pyntk._cuda
are those of the block emulator, so only the Python side and the kernels' arithmetic are tested
here; nothing ran on a GPU. Everything runs at once, but every stream is followed: what would be a
race on a GPU is in ``log.races``.
"""

from .record import Log, log, recorded

__all__ = ["Log", "log", "recorded"]
