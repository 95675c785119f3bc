"""Where LAPACK comes from, and that no workspace is larger than the integers it counts with."""

import os
import subprocess
import sys

import numpy as np
import pytest

import pyntk
from backends import REQUIRED
from lapacks import LAPACKS, every_lapack, use
from pyntk.backends import lapack, lapack_eigh, lapack_library
from pyntk.info import describe

HUGE = 32_767
"""The smallest n with 1 + 6 n + 2 n^2 > 2^31 - 1."""


def test_mkl_is_here():
    """One line in the report where everything was tested but MKL."""
    if "mkl" not in LAPACKS:
        absence = 'MKL is not installed: pip install "pyntk[mkl]"'
        if "mkl" in REQUIRED:
            pytest.fail(f"PYNTK_REQUIRE names mkl, but {absence}")
        pytest.skip(absence)
    assert lapack_library.find("mkl").largest == 2**63 - 1


def test_the_order():
    assert lapack_library.order("GenuineIntel") == ("mkl", "numpy", "scipy")
    assert lapack_library.order("AuthenticAMD") == ("numpy", "mkl", "scipy")
    assert lapack_library.order("") == ("numpy", "mkl", "scipy")
    first = lapack_library.order(lapack_library._vendor())
    assert lapack_library.library().name == next(name for name in first if name in LAPACKS)


def test_numpy_wheel_carries_64_bit_integers():
    assert "numpy" in LAPACKS
    assert lapack_library.find("numpy").largest == 2**63 - 1
    assert lapack_library.find("scipy").largest == 2**31 - 1


@every_lapack
def test_the_one_that_is_named(library, monkeypatch):
    use(monkeypatch, library)
    assert lapack_library.library().name == library
    assert lapack.describe() in describe()
    assert ("64-bit" in lapack.describe()) == (library != "scipy")


def test_a_name_that_is_none(monkeypatch):
    monkeypatch.setenv("PYNTK_LAPACK", "atlas")
    with pytest.raises(ValueError, match="one of mkl, numpy, scipy, not 'atlas'"):
        pyntk.eigh(np.eye(2))
    assert "LAPACK: none: PYNTK_LAPACK must be" in describe()


def test_one_that_is_absent(monkeypatch):
    monkeypatch.setattr(lapack_library, "find", lambda name: None)
    monkeypatch.setenv("PYNTK_LAPACK", "mkl")
    with pytest.raises(ImportError, match=r'PYNTK_LAPACK=mkl, but MKL .*: pip install "pyntk\[mkl'):
        pyntk.eigh(np.eye(2))


def test_nothing_is_loaded_before_the_first_call():
    """Importing pyntk, and choosing a backend, looks for no LAPACK."""
    program = (
        "import sys, pyntk, numpy as np; pyntk.ntk_gram(np.ones((2, 2)));"
        "assert 'scipy.linalg' not in sys.modules;"
        "import pyntk.backends.lapack_library as l; assert l.find.cache_info().currsize == 0;"
        "pyntk.eigh(np.eye(2)); assert l.find.cache_info().currsize > 0"
    )
    environment = {**os.environ, "PYNTK_BACKEND": "cpu"}
    subprocess.run([sys.executable, "-P", "-c", program], check=True, env=environment)


def test_largest_order():
    """32,766 with 32-bit integers; with 64-bit ones more than anybody's memory."""
    n = lapack_eigh.largest_order_with(2**31 - 1)
    assert n == HUGE - 1
    assert 1 + 6 * n + 2 * n * n <= 2**31 - 1 < 1 + 6 * (n + 1) + 2 * (n + 1) ** 2
    assert lapack_eigh.largest_order_with(2**63 - 1) > 2 * 10**9
    assert lapack_eigh.syevd_workspace(100_000, vectors=True) == (20_000_600_001, 500_003)


@pytest.mark.parametrize("n", [HUGE, 50_000, 1_000_000])
@pytest.mark.parametrize("library", [name for name in LAPACKS if name != "scipy"])
def test_the_workspace_that_lapack_wants(library, n, monkeypatch):
    """Its own answer, in 64 bits, is the documented size: the query looks at no matrix."""
    use(monkeypatch, library)
    answer, dummy = np.zeros(1), np.zeros(1)
    size = lapack_library.library().integers(1)
    lapack_library.call(
        "syevd", np.dtype(float), b"V", b"U", n, dummy, n, dummy, answer, -1, size, -1
    )
    assert (int(answer[0]), int(size[0])) == lapack_eigh.syevd_workspace(n, vectors=True)
    lapack_library.call(
        "syevd", np.dtype(float), b"N", b"U", n, dummy, n, dummy, answer, -1, size, -1
    )
    assert int(answer[0]) <= lapack_eigh.syevd_workspace(n, vectors=False)[0]


@pytest.mark.parametrize(
    "call",
    [pyntk.eigh, pyntk.eigvalsh, lambda H, **how: pyntk.label_spectrum(H, np.ones(HUGE), **how)],
    ids=["eigh", "eigvalsh", "label_spectrum"],
)
def test_32_bit_integers_are_refused_before_work_starts(backend, call, monkeypatch):
    use(monkeypatch, "scipy")
    H = np.broadcast_to(np.full(1, np.nan, np.float32), (HUGE, HUGE))  # nobody has looked at it
    with pytest.raises(ValueError, match=r"n = 32767: .* overflows 32-bit integers"):
        call(H, backend=backend)


@every_lapack
def test_an_integer_that_lapack_cannot_count(library, monkeypatch):
    use(monkeypatch, library)
    limit = lapack_library.library().largest
    with pytest.raises(OverflowError, match=rf"{limit + 1} overflows the integers of"):
        lapack_library.call("potrf", np.dtype(float), b"U", limit + 1, np.eye(2), 2)


@every_lapack
def test_entries_beyond_2_to_the_32(library, monkeypatch, tmp_path):
    """Columns so far apart that the last is beyond 2^32 entries, in a sparse memory-mapped file."""
    use(monkeypatch, library)
    n, apart = 70, 2**26
    A = np.memmap(tmp_path / "matrix", np.float32, "w+", shape=(n, apart))
    matrix = spd(n, np.float32)
    A[:, :n] = matrix
    flat = A.view(np.ndarray)
    w, d, e, reflections = (np.empty(n, np.float32) for _ in range(4))
    reals, integers = lapack_eigh.syevd_workspace(n, vectors=True)
    work, iwork = np.empty(reals, np.float32), lapack_library.library().integers(integers)
    single = np.dtype(np.float32)
    for call in (
        ("syevd", b"V", b"U", n, flat, apart, w, work, reals, iwork, integers),
        ("sytrd", b"U", n, flat, apart, d, e, reflections, work, reals),
        ("potrf", b"U", n, flat, apart),
    ):
        A[:, :n] = matrix
        assert lapack_library.call(call[0], single, *call[1:]) == 0
        if call[0] == "syevd":
            V = np.array(A[:, :n])
    expected = np.linalg.eigvalsh(matrix.astype(float))
    L = np.tril(A[:, :n]).astype(float)
    tolerance = 30 * n * np.finfo(single).eps * expected[-1]
    assert np.abs(w - expected).max() <= tolerance
    assert np.abs(V.T * w @ V - matrix).max() <= tolerance
    assert np.abs(L @ L.T - matrix).max() <= tolerance
    T = np.diag(d) + np.diag(e[:-1], 1) + np.diag(e[:-1], -1)
    assert np.abs(np.linalg.eigvalsh(T.astype(float)) - expected).max() <= tolerance


def spd(n, dtype):
    X = np.random.default_rng(0).standard_normal((n, 2 * n))
    return (X @ X.T).astype(dtype)


@every_lapack
@pytest.mark.parametrize("tile", [None, 1, 16, 35])
@pytest.mark.parametrize("n", [0, 1, 5, 70])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cholesky(library, n, dtype, tile, monkeypatch):
    """|A - L L'| <= (n + 1) u |L| |L'| (Higham, Theorem 10.3), and nothing else is touched."""
    use(monkeypatch, library)
    if tile:
        monkeypatch.setattr(lapack, "WHOLE", 1)
        monkeypatch.setattr(lapack, "TILE", tile)
    A = spd(n, dtype)
    u = np.finfo(dtype).eps / 2
    factor = np.tril(A) + np.triu(np.full((n, n), 777, dtype), 1)
    assert lapack.potrf(factor) == 0
    assert (np.triu(factor, 1) == np.triu(np.full((n, n), 777), 1)).all()
    L = np.tril(factor).astype(np.longdouble)
    assert (np.abs(A - L @ L.T) <= (n + 1) * u * (np.abs(L) @ np.abs(L.T))).all()
    B = np.random.default_rng(1).standard_normal((3, n)).astype(dtype)
    for right in (B, B[0]):
        x = right.copy()
        lapack.potrs(factor, x)
        # Higham, Theorem 10.4, with the factor's absolute values
        bound = (3 * n + 1) * u * (np.abs(x.astype(np.longdouble)) @ (np.abs(L) @ np.abs(L.T)))
        assert (np.abs(x.astype(np.longdouble) @ A - right) <= bound).all()
        z = right.copy()
        lapack.trtrs(factor, z)
        assert (np.abs(z @ L.T - right) <= (n + 1) * u * (np.abs(z) @ np.abs(L.T))).all()
        lapack.trtrs(factor, z, transposed=True)
        assert np.allclose(z, x, rtol=0, atol=30 * n * u * np.abs(x).max(initial=0) * 40)
    if n:
        condition = np.linalg.cond(A.astype(float))
        lapack.potri(factor)
        inverse = np.linalg.inv(A.astype(float))
        assert (
            np.abs(np.tril(factor - inverse)).max() <= 30 * n * u * condition * abs(inverse).max()
        )


@every_lapack
@pytest.mark.parametrize("whole", [9, 8])
def test_a_matrix_that_is_not_positive_definite(library, whole, monkeypatch):
    use(monkeypatch, library)
    monkeypatch.setattr(lapack, "WHOLE", whole)
    monkeypatch.setattr(lapack, "TILE", 4)
    A = spd(9, np.float64)
    A[6, 6] = -1
    assert lapack.potrf(A) == 7


def test_openblas_factors_no_large_matrix_in_one_call(monkeypatch):
    """Its parallel Cholesky ends the process there."""
    orders = []

    def counted(routine, dtype, *arguments):
        orders.append(len(arguments[2]))
        return call(routine, dtype, *arguments)

    call = lapack.call
    use(monkeypatch, "numpy")
    monkeypatch.setattr(lapack, "call", counted)
    n = lapack.WHOLE
    for order in (n, n + 1):
        factor = np.zeros((order, order), np.float32)
        np.fill_diagonal(factor, 4)
        factor[1:, 0] = 1e-3
        assert lapack.potrf(factor) == 0
        assert factor[-1, 0] == np.float32(5e-4)
        assert factor[0, 0] == 2
    assert orders[0] == n
    assert max(orders[1:]) <= lapack.TILE


def test_arrays_that_lapack_cannot_take():
    A = np.eye(3)
    with pytest.raises(TypeError, match="float64 array with strides"):
        lapack.potrf(A[:, ::-1])
    with pytest.raises(ValueError, match=r"float64 array of shape \(4,\) beside float64, \(3, 3\)"):
        lapack.potrs(A, np.ones(4))
    with pytest.raises(np.linalg.LinAlgError, match="zero on its diagonal"):
        lapack.trtrs(np.zeros((2, 2)), np.ones(2))
    with pytest.raises(RuntimeError, match="dpotrf refuses its argument 4"):
        lapack_library.call("potrf", np.dtype(float), b"U", 3, A, 2)
