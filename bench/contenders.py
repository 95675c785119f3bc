"""Who takes part in a race of Gram matrices, and why somebody is absent on this machine."""

import importlib
import os
import sys
from functools import cache, partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from measure import Local
from problem import Contender
from remote import Remote
from samples import check_gram, check_product

import pyntk
from pyntk.dispatch import BackendAbsentError, BackendError, load
from pyntk.threads import allowed

NEURAL_TANGENTS = "PYNTK_BENCH_NEURAL_TANGENTS"
"""Names the Python in whose environment neural-tangents is; peers/make_neural_tangents_env.sh."""

OWN_PATH = {
    "PYTHONPATH": os.pathsep.join(
        filter(None, [str(Path(pyntk.__file__).parents[1]), os.environ.get("PYTHONPATH")])
    )
}
"""Makes another process import this pyntk."""

PYNTK = ("pyntk cpu", "pyntk numba")
FORMULAS = ("NumPy formula", "scikit-learn style", "PyTorch formula")
SYRK = ("limit: SYRK, SciPy's BLAS", "limit: SYRK, MKL")


def gram_contenders(names, **options):
    """Return the contenders named; ``options`` are those of ``pyntk.ntk_gram``."""
    check = partial(check_gram, by_pyntk=False, **options)
    everybody = {
        "pyntk cpu": by_pyntk("cpu", **options),
        "pyntk numba": by_pyntk("numba", **options),
        "NumPy formula": _peer("numpy_formula", "numpy", options),
        "scikit-learn style": _peer("sklearn_style", "sklearn", options),
        "PyTorch formula": Contender(
            partial(_torch, options=options), check, partial(missing, "torch")
        ),
        "neural-tangents": Contender(
            partial(_neural_tangents, options=options), check, _no_neural_tangents
        ),
        "scikit-ntk": Contender(
            partial(_scikit_ntk, options=options), check, partial(missing, "skntk")
        ),
        "limit: SYRK, SciPy's BLAS": syrk("by_scipy", **options),
        "limit: SYRK, MKL": syrk("by_mkl", **options),
    }
    return {name: everybody[name] for name in names}


def by_pyntk(backend, rows=None, threads=None, **options):
    """Return the contender that is pyntk on a backend, in this process.

    Args:
        rows: the name of the rows where the data of a problem are several arrays.
    """

    def start(data):
        X = data if rows is None else data[rows]
        call = partial(pyntk.ntk_gram, backend=backend, threads=threads, **options)
        call(X[:4])  # loads the backend, compiles Numba's kernels
        return Local(partial(call, X))

    def check(data, runner):
        X = data if rows is None else data[rows]
        return check_gram(X, runner, by_pyntk=True, **options)

    return Contender(start, check, partial(absence_of_backend, backend))


def pyntk_elsewhere(environment, absence, **options):
    """Return the contender that is backend cpu in a process with other environment variables."""

    def start(X):
        arguments = {"backend": "cpu", **options}
        return Remote(
            sys.executable, "pyntk_gram", X, arguments, allowed(), {**OWN_PATH, **environment}
        )

    return Contender(start, partial(check_gram, by_pyntk=True, **options), absence)


def syrk(library, **options):
    """Return the limit: SYRK by SciPy's BLAS or by MKL, in the arithmetic that pyntk uses."""
    in_double = options.get("accumulate") == "float64" or options.get("depth", 1) > 1

    def start(X):
        X = X.astype("float64") if in_double else X
        return Local(getattr(importlib.import_module("syrk"), library)(X))

    return Contender(start, check_product, no_mkl if library == "by_mkl" else lambda: None)


@cache
def absence_of_backend(backend):
    """Return why a backend of pyntk is absent, or None; a broken one is left to fail."""
    try:
        load(backend)
    except BackendAbsentError as reason:
        return str(reason)
    except BackendError:
        pass
    return None


def _peer(module, package, options):
    """Return the contender that a module of the folder peers is."""

    def start(X):
        return Local(importlib.import_module(module).prepare(X, **options))

    check = partial(check_gram, by_pyntk=False, **options)
    return Contender(start, check, partial(missing, package))


def _torch(X, options):
    import torch

    torch.set_num_threads(allowed())
    return Local(importlib.import_module("torch_formula").prepare(X, **options))


def _scikit_ntk(X, options):
    peer = importlib.import_module("scikit_ntk")
    return Local(peer.prepare(X, **options), factor=peer.factor(options["depth"]))


def _neural_tangents(X, options):
    # The factor d: see peers/neural_tangents_jitted.py.
    python = os.environ[NEURAL_TANGENTS]
    return Remote(python, "neural_tangents_jitted", X, options, allowed(), factor=X.shape[1])


def missing(package):
    """Return why a Python package is absent, or None."""
    if find_spec(package) is not None:
        return None
    names = {"sklearn": "scikit-learn", "skntk": "scikit-ntk"}
    return f"not installed: pip install {names.get(package, package)}"


def _no_neural_tangents():
    if os.environ.get(NEURAL_TANGENTS):
        return None
    return (
        f"{NEURAL_TANGENTS} does not name the Python of its own environment: "
        "bench/peers/make_neural_tangents_env.sh FOLDER makes one"
    )


def no_mkl():
    """Return why MKL is absent, or None."""
    try:
        metadata.version("mkl")
    except metadata.PackageNotFoundError:
        return "not installed: pip install mkl"
    return None
