"""Solves from rows where the kernel is kept between products: the same promise."""

import pytest

import exact_matrices as exact
import pyntk
from pyntk.linalg import symmetric


@pytest.mark.parametrize(
    "how", [{}, {"trained": "last"}, {"depth": 3, "bias_variance": 0.1}], ids=str
)
def test_a_kernel_of_long_rows_is_kept(how, monkeypatch):
    """Promise 10 holds, and only the last residual computes the entries again."""
    calls = []

    def counted(*arguments, **options):
        calls.append(1)
        return pyntk.ntk_matmul(*arguments, **options)

    monkeypatch.setattr(symmetric, "ntk_matmul", counted)
    X, y = exact.close_pairs(20, 200, 1e-2, pairs=3), exact.labels(20)
    K = exact.kernel(X, **how)
    form = pyntk.quadratic_form_inverse(X=X, y=y, **how)
    assert abs(form.value / exact.form(K, y) - 1) <= min(1e-9, 8 * form.error)
    assert len(calls) <= 2  # cycles
    found = pyntk.solve(X=X, y=y, **how)
    assert exact.relative_error(found.x, exact.solution(K, y)) <= min(1e-9, 8 * found.error)


def test_a_kernel_is_not_kept_where_memory_is_scarce(monkeypatch):
    X, y = exact.sphere(60, 200), exact.labels(60)
    kept = pyntk.quadratic_form_inverse(X=X, y=y)
    monkeypatch.setattr(symmetric, "host_available", lambda: (4 * 8 * 60**2 - 1, "a limit"))
    rows = symmetric.KernelMatrix(X, {}, from_single=False)
    rows.keep()
    assert rows._kept is None
    scarce = pyntk.quadratic_form_inverse(X=X, y=y)
    assert scarce.value == pytest.approx(kept.value, rel=1e-12)
