"""The module that stands for CuPy, for the methods of arrays; modules() of cupy.py puts it here."""

from typing import Any

cupy: Any = None
