"""What solve, quadratic_form_inverse and the leave-one-out functions refuse, and what they take."""

import numpy as np
import pytest

import exact_matrices as exact
import pyntk
import pyntk.memory

X8, Y8 = exact.sphere(8, 4), exact.labels(8)
H8 = pyntk.ntk_gram(X8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: f(H8, Y8, X=X8), TypeError, "takes exactly one of H and X"),
        (lambda f: f(y=Y8), TypeError, "takes exactly one of H and X"),
        (lambda f: f(X=X8), TypeError, "y must be an array, not None"),
        (lambda f: f(H8, Y8, depth=2), TypeError, "depth= describes the kernel of X, but H"),
        (lambda f: f(X=X8, y=Y8, depht=2), TypeError, "unexpected keyword argument 'depht'"),
        (lambda f: f(X=X8, y=Y8, depth=0), ValueError, "depth must be"),
        (lambda f: f(X=X8, y=Y8, threads=0), ValueError, "threads must be"),
        (lambda f: f(H8[:5], Y8), ValueError, r"H must have shape \(n, n\)"),
        (lambda f: f(H8, Y8[:5]), ValueError, r"y .* n = 8 as in H, but has n = 5: \(5,\)"),
        (lambda f: f(X=X8, y=Y8[:5]), ValueError, r"y .* n = 8 as in X, but has n = 5"),
        (lambda f: f(H8, [*Y8[:7], np.nan]), ValueError, r"y\[7\] is nan"),
        (lambda f: f(H8, Y8[None, None]), ValueError, "y must have shape"),
        (lambda f: f(H8, [[1.0], [2.0, 3.0]]), ValueError, "y is no array"),
        (lambda f: f(H8 * 1j, Y8), TypeError, "H must hold real numbers"),
        (lambda f: f(np.where(H8 > 0.4, np.nan, H8), Y8), ValueError, r"H\[0, 0\] is nan"),
        (lambda f: f(H8, Y8.astype(str)), TypeError, "y must hold real numbers"),
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        pyntk.solve, pyntk.quadratic_form_inverse, pyntk.leave_one_out_complexity,
        pyntk.leave_one_out_residuals,
    ],
)  # fmt: skip
def test_bad_input(function, call, error, message):
    with pytest.raises(error, match=message):
        call(function)


@pytest.mark.parametrize(
    ("bad", "error"), [(-1, ValueError), (np.nan, ValueError), ("1", TypeError), (True, TypeError)]
)
def test_bad_jitter(bad, error):
    for call in (pyntk.solve, pyntk.quadratic_form_inverse):
        with pytest.raises(error, match="jitter must be"):
            call(H8, Y8, jitter=bad)
    with pytest.raises(error, match="ridge must be"):
        pyntk.leave_one_out_residuals(H8, Y8, ridge=bad)


def test_layouts_do_not_matter_and_inputs_stay():
    H, y = pyntk.ntk_gram(exact.sphere(40, 5)), exact.labels(40)
    before, x = H.copy(), pyntk.solve(H, y).x
    assert (before == H).all()
    H.flags.writeable = False
    for other in (H, np.asfortranarray(H), H.astype(">f8"), H[::-1, ::-1][::-1, ::-1]):
        assert (pyntk.solve(other, y).x == x).all()
    assert (pyntk.solve(H.tolist(), y.tolist()).x == x).all()


def test_too_big_is_said_before_anything_is_allocated(monkeypatch):
    monkeypatch.setattr(pyntk.memory, "host_available", lambda: (10**6, "a test"))
    X = exact.sphere(4200, 2)
    for call in (pyntk.solve, pyntk.quadratic_form_inverse, pyntk.leave_one_out_complexity):
        with pytest.raises(MemoryError, match=r"needs \d+ bytes .*a test"):
            call(X=X, y=np.ones(4200))
    for call in (pyntk.logdet, pyntk.lambda_min):
        with pytest.raises(MemoryError, match=r"needs \d+ bytes .*a test"):
            call(X=X)
