"""Grams on disk: the bits of ntk_gram, in bounded memory."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse.linalg import aslinearoperator

import pyntk
from pyntk.streaming import blocks, npy_file, shares
from streams import DEEP, OTHERS, SPHERE


@pytest.fixture
def path(tmp_path):
    return tmp_path / "K.npy"


@pytest.mark.parametrize("rows", [None, 7, 25, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kernel", [{}, {"trained": "last"}, DEEP], ids=["H", "S", "deep"])
def test_the_bits_of_ntk_gram(path, rows, dtype, kernel):
    X, Z = SPHERE.astype(dtype), OTHERS.astype(dtype)
    K = pyntk.stream_gram(X, path, rows_per_block=rows, **kernel)
    assert type(K) is np.memmap
    assert not K.flags.writeable
    assert K.dtype == dtype
    np.testing.assert_array_equal(K, pyntk.ntk_gram(X, **kernel))
    np.testing.assert_array_equal(np.load(path), K)
    np.testing.assert_array_equal(pyntk.open_gram(str(path), verify=True), K)
    across = path.with_name("across.npy")
    K = pyntk.stream_gram(X, across, Z=Z, rows_per_block=rows, **kernel)
    np.testing.assert_array_equal(K, pyntk.ntk_gram(X, Z, **kernel))
    np.testing.assert_array_equal(pyntk.open_gram(across, verify=True), K)
    assert sorted(os.listdir(path.parent)) == [
        "K.npy", "K.npy.json", "across.npy", "across.npy.json",
    ]  # fmt: skip


def test_on_each_backend(path, backend):
    X = SPHERE[:20].astype(np.float32)
    K = pyntk.stream_gram(X, path, rows_per_block=6, backend=backend, threads=2)
    np.testing.assert_array_equal(K, pyntk.ntk_gram(X, backend=backend))
    other = {"cpu": "numba", "numba": "cpu"}[backend]
    with pytest.raises(ValueError, match=rf"backend is '{backend}' there and '{other}' here"):
        pyntk.stream_gram(X, path, rows_per_block=6, backend=other)


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("p", [None, 0, 1])
def test_hardly_any_rows(path, n, p):
    Z = None if p is None else OTHERS[:p]
    seen = []
    K = pyntk.stream_gram(SPHERE[:n], path, Z=Z, progress=lambda *share: seen.append(share))
    np.testing.assert_array_equal(K, pyntk.ntk_gram(SPHERE[:n], Z))
    np.testing.assert_array_equal(pyntk.open_gram(path, verify=True), K)
    assert seen[-1] == (1, 1)


def test_blocks_of_a_larger_matrix(path, monkeypatch):
    """Blocks as wide as they would be for many rows, and pieces as short."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(npy_file, "PIECE", 160)
    X = SPHERE.astype(np.float32)
    H = pyntk.ntk_gram(X)
    for rows in (None, 3, 8, 40):
        name = path.with_name(f"{rows}.npy")
        np.testing.assert_array_equal(pyntk.stream_gram(X, name, rows_per_block=rows), H)
        np.testing.assert_array_equal(pyntk.open_gram(name, verify=True), H)


@pytest.mark.parametrize("symmetric", [True, False])
def test_blocks_cover_each_entry_once(symmetric):
    for n, p, rows in [(0, 0, 3), (1, 1, 1), (20, 20, 3), (9000, 9000, 4000), (5000, 5000, 100)]:
        seen = np.zeros((n, p), np.int8)
        for block in blocks.plan(n, p, rows, 8, symmetric=symmetric):
            assert block.size * 8 <= max(blocks.BLOCK_BYTES, 8 * rows * (rows if symmetric else p))
            i0, i1, j0, j1 = block
            seen[i0:i1, j0:j1] += 1
            if symmetric:
                i0, i1, j0, j1 = block.mirrored()
                seen[i0:i1, j0:j1] += 1
        assert (seen == 1).all()


def test_memory_stays_bounded(tmp_path):
    """256 MB are written; a block has 64 MiB, the tiles of two threads 12."""
    program = """if True:
        import sys
        import numpy as np, pyntk
        from peak_memory import extra_memory
        X = np.random.default_rng(0).standard_normal((8000, 8)).astype(np.float32)
        pyntk.ntk_gram(X[:200])
        for rows in (None, 500):
            path = f"{sys.argv[1]}/{rows}.npy"
            needed, K = extra_memory(lambda: pyntk.stream_gram(X, path, rows_per_block=rows))
            print(needed)
            assert (K[-1] == pyntk.ntk_gram(X[-1:], X)[0]).all()
            assert (K[:, -1] == K[-1]).all()
    """
    bench = os.path.join(os.path.dirname(__file__), "..", "bench")
    found = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([bench, *sys.path]),
             "OMP_NUM_THREADS": "2"},
    )  # fmt: skip
    by_default, small = map(int, found.stdout.split())
    assert by_default < 96 * 2**20
    assert small < 96 * 2**20


def test_progress(path, monkeypatch):
    monkeypatch.setattr(shares, "REPORT_EVERY", 0)
    seen = []
    pyntk.stream_gram(SPHERE, path, rows_per_block=5, progress=lambda *share: seen.append(share))
    done, totals = zip(*seen, strict=True)
    assert list(done) == sorted(done)
    assert set(totals) == {sum(5 * (5 + i0) for i0 in range(0, 50, 5))}
    assert done.count(totals[0]) == 1
    assert done[-1] == totals[-1]
    with pytest.raises(TypeError, match="progress"):
        pyntk.stream_gram(SPHERE, path, progress=3)


def test_a_bar(path, capfd):
    pyntk.stream_gram(SPHERE, path, progress=True)
    assert "left" in capfd.readouterr().err


def test_infinite_entries_are_announced(path):
    X = np.full((3, 2), 1e30, np.float32)
    with pytest.warns(RuntimeWarning, match="exceeds the range of float32") as caught:
        K = pyntk.stream_gram(X, path, rows_per_block=1)
    assert caught[0].filename == __file__
    assert np.isinf(K).all()


def test_the_solvers_take_the_file(path):
    y = np.sign(SPHERE[:, 0])
    K = pyntk.stream_gram(SPHERE, path, rows_per_block=20)
    H = pyntk.ntk_gram(SPHERE)
    np.testing.assert_array_equal(pyntk.eigh(K).eigenvalues, pyntk.eigh(H).eigenvalues)
    np.testing.assert_array_equal(pyntk.eigvalsh(K), pyntk.eigvalsh(H))
    np.testing.assert_array_equal(pyntk.solve(K, y).x, pyntk.solve(H, y).x)
    assert pyntk.quadratic_form_inverse(K, y).value == pyntk.quadratic_form_inverse(H, y).value
    largest = pyntk.eigsh(aslinearoperator(K), 3)
    np.testing.assert_allclose(largest.eigenvalues, pyntk.eigvalsh(H)[-3:], rtol=1e-12)
    assert not K.flags.writeable
    np.testing.assert_array_equal(pyntk.open_gram(path, verify=True), H)
