"""Products, derivatives and networks: how much of what is promised their errors use up.

The cases, references and tolerances are those of the contract: its tests are run, and their
assertion is asked for the largest share of its tolerance.
"""

from unittest import mock

import numpy as np
from promises.line import Line, worst_of

import bounds
import test_contract as contract
import test_network_contract as networks
from cases import GRADIENT_CASES, NETWORK_CASES, PRODUCT_CASES, RECIPES

THREE = ("one layer", "float64 sums", "three layers, He, bias")
PRODUCTS = [{"case": case, "recipes": recipes} for case in PRODUCT_CASES for recipes in RECIPES]
GRADIENTS = [{"case": case, "recipes": recipes} for case in GRADIENT_CASES for recipes in THREE]
OUTPUTS = [
    {"case": case, "activation": activation, "outputs": k}
    for case, activation, k in networks.calls()
]
MEASURED = {
    "`ntk_matmul`: K V": (contract.test_ntk_matmul, PRODUCTS),
    "`ntk_matmul`: K(X, Z) V": (contract.test_ntk_matmul_cross, PRODUCTS),
    "`ntk_vjp`": (contract.test_ntk_vjp, GRADIENTS),
    "`finite_width_gram`": (
        contract.test_finite_width_gram, [{"case": case} for case in NETWORK_CASES]
    ),
    "`TwoLayer`, outputs": (networks.test_two_layer_forward, OUTPUTS),
    "`TwoLayer`, gradients": (networks.test_two_layer_gradient, OUTPUTS),
}  # fmt: skip
DTYPES = (np.float32, np.float64)


def sums(backends, quick=False):
    """Return the lines of all functions that add."""
    return [
        Line(
            what,
            dtype.__name__,
            1.0,
            {
                name: largest_share(test, cases[:: 9 if quick else 1], kernels, dtype)
                for name, kernels in backends.items()
            },
        )
        for dtype in DTYPES
        for what, (test, cases) in MEASURED.items()
    ]


def largest_share(test, cases, kernels, dtype):
    """Run a test of the contract on its cases; return the largest share of its tolerance."""
    shares = []

    def keep(result, exact, tolerance, dtype, what=""):
        tolerance = tolerance + np.longdouble(np.finfo(dtype).smallest_subnormal)
        beyond = np.abs(exact) > np.longdouble(np.finfo(dtype).max) - tolerance
        overflowed = np.isinf(result) & (np.sign(result) == np.sign(exact)) & beyond
        share = np.abs(result.astype(np.longdouble) - exact) / tolerance
        share = np.where(np.isfinite(result), share, np.inf)
        shares.append(np.where(overflowed, 0, share).max(initial=0))

    with mock.patch.object(bounds, "assert_within", keep), np.errstate(all="ignore"):
        for case in cases:
            test(kernels, dtype, **case)
    return worst_of(shares)
