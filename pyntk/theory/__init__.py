"""The theorems as routines: each returns its claim, its source, the measured value and the bound.

One module per source; the routines call the public functions of :mod:`pyntk` and nothing below.
"""

from pyntk.theory.check import Check
from pyntk.theory.explain import explain
from pyntk.theory.report import Explanation

__all__ = ["Check", "Explanation", "explain"]
