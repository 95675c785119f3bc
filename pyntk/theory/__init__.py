"""The theorems as routines: each lays a claim beside a measurement, and says if it holds.

A package per source; the routines call the public functions of :mod:`pyntk` and nothing below.
:mod:`pyntk.theory.catalogue` has all of them by name, and so has ``python -m pyntk check``.
"""

from pyntk.theory import arora, cs839, liang, mei, tian
from pyntk.theory.check import Check
from pyntk.theory.explain import explain
from pyntk.theory.explanation import Explanation
from pyntk.theory.report import Report

__all__ = [
    "Check", "Explanation", "Report", "arora", "cs839", "explain", "liang", "mei", "tian",
]  # fmt: skip
