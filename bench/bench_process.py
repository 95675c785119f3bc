"""The same Gram with fewer threads, with older instruction sets, and as a tiny problem."""

import os
import subprocess
import sys
from functools import cache, partial

import numpy as np
from contenders import OWN_PATH, absence_of_backend, by_pyntk, pyntk_elsewhere
from data import gaussian
from grams import gram
from measure import Local
from problem import Bound, Contender, Problem
from samples import check_gram

import pyntk
from pyntk.threads import allowed

INSTRUCTION_SETS = ("avx512", "avx2", "baseline")
TINY, CALLS = 4, 1000


def problems(quick):
    n = 768 if quick else 4096
    return [threads(n), instruction_sets(n, "float32"), instruction_sets(n, "float64"), tiny()]


def threads(n):
    """Every thread that is allowed against one."""
    names = {f"pyntk {name}": by_pyntk(name) for name in ("cpu", "numba")}
    alone = {f"{name}, 1 thread": by_pyntk(name.split()[1], threads=1) for name in names}
    # Two threads against one; more threads in proportion: 0.925 of the ideal.
    bounds = [Bound(name, "times", 1 / (0.925 * allowed()), f"{name}, 1 thread") for name in names]
    return gram(
        f"{allowed()} threads against one", n, 784, "float32", (),
        bounds if allowed() > 1 else (), more={**names, **alone},
    )  # fmt: skip


def instruction_sets(n, dtype):
    """What PYNTK_ISA chooses, each in a process of its own."""
    more = {
        f"pyntk cpu, {isa}": pyntk_elsewhere({"PYNTK_ISA": isa}, partial(absence_of_isa, isa))
        for isa in INSTRUCTION_SETS
    }
    return gram("instruction sets", n, 784, dtype, (), more=more)


@cache
def absence_of_isa(isa):
    """Return why an instruction set cannot be chosen on this machine, or None."""
    if reason := absence_of_backend("cpu"):
        return reason
    program = "from pyntk.dispatch import load; load('cpu').instruction_set()"
    tried = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True,
        env={**os.environ, **OWN_PATH, "PYNTK_ISA": isa},
    )  # fmt: skip
    last = tried.stderr.strip().rpartition("\n")[2]
    return last if "this machine has" in last else None


def tiny():
    """The price of a call."""

    def contender(backend):
        def start(X):
            return Local(partial(pyntk.ntk_gram, X, backend=backend), repeat=CALLS)

        check = partial(check_gram, by_pyntk=True)
        return Contender(start, check, partial(absence_of_backend, backend))

    return Problem(
        name=f"a call, float64, n={TINY} d={TINY}",
        data=partial(gaussian, TINY, TINY, np.float64),
        contenders={f"pyntk {backend}": contender(backend) for backend in ("cpu", "numba")},
        bounds=[Bound("pyntk cpu", "seconds", 20e-6)],
    )


def test_gram(compete):
    compete()
