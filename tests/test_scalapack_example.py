"""docs/examples/scalapack_eigh.py: a dense eigenproblem over MPI ranks, and who has which blocks.

What needs MPI is skipped where that is not; PYNTK_REQUIRE=scalapack makes a failure of it.
"""

import ctypes
import ctypes.util
import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import exact_matrices as exact
import pyntk
from backends import REQUIRED

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "cluster.md").read_text().split("## A dense eigh past one machine\n")[1]
BLOCKS = re.findall(r"```(python|bash)\n(.*?)```", PAGE.split("\n## ")[0], re.DOTALL)
U = 2.0**-53


@pytest.fixture
def scalapack(monkeypatch):
    """The module of the example that needs no MPI to be imported."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("scalapack")


def absent():
    """What must be installed before the example runs, or nothing."""
    if importlib.util.find_spec("mpi4py") is None:
        return "mpi4py is not installed: pip install mpi4py"
    if shutil.which("mpirun") is None:
        return "mpirun is not installed: apt install openmpi-bin"
    if ctypes.util.find_library("scalapack-openmpi") is None:
        return "ScaLAPACK is not installed: apt install libscalapack-openmpi-dev"
    return None


@pytest.fixture
def run():
    """Run the example under mpirun, in a folder, with arguments; return the process."""
    if reason := absent():
        (pytest.fail if "scalapack" in REQUIRED else pytest.skip)(reason)

    def run(folder, *arguments, ranks=2):
        command = ["mpirun", "-n", str(ranks), sys.executable, "-B", EXAMPLES / "scalapack_eigh.py"]
        package = Path(pyntk.__file__).parent.parent  # the one under test
        return subprocess.run(
            [*command, *map(str, arguments)],
            cwd=folder, env={**os.environ, **OPEN_MPI, "PYTHONPATH": str(package)},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    return run


OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",  # a machine of one core will do
    "OMPI_MCA_hwloc_base_binding_policy": "none",  # other tests may be running
    "OMPI_MCA_mpi_yield_when_idle": "1",
}


def check(folder, H, y, *, vectors):
    """Compare what the example wrote with LAPACK's eigenvalues of the Gram."""
    n, expected = len(H), np.linalg.eigvalsh(H)
    norm = expected[-1]
    w, p = np.load(folder / "eigenvalues.npy"), np.load(folder / "projections.npy")
    np.testing.assert_allclose(w, expected, rtol=0, atol=2 * n * U * norm)
    # Where eigenvalues are well apart, as those of these rows are, the projections are determined.
    np.testing.assert_allclose(p, pyntk.label_spectrum(H, y).projections, rtol=0, atol=1e-9)
    assert (folder / "vectors.npy").exists() == vectors
    if vectors:
        V = np.load(folder / "vectors.npy", mmap_mode="r")
        assert np.linalg.norm(H @ V - V * w) <= 10 * n * U * norm
        assert np.linalg.norm(V.T @ V - np.eye(n)) <= 10 * n * U


def test_the_page(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [kind for kind, _ in BLOCKS] == ["bash", "python"] * 3
    install, make, without, read, with_vectors, map_vectors = (text for _, text in BLOCKS)
    assert absent() is None
    assert all(name in install for name in ("openmpi-bin", "libscalapack-openmpi-dev", "mpi4py"))
    names = {}
    exec(compile(make, "docs/cluster.md", "exec"), names)
    H, y = pyntk.ntk_gram(names["X"]), np.load("labels.npy")
    for command, more in ((without, read), (with_vectors, map_vectors)):
        mpirun, arguments = command.split("docs/examples/scalapack_eigh.py")
        assert mpirun == "mpirun -n 2 python "
        done = run(tmp_path, *shlex.split(arguments))
        assert done.returncode == 0, done.stderr
        assert "2 ranks, 1 x 2; n = 600, d = 20, blocks of 64" in done.stdout
        check(Path("results"), H, y, vectors=command is with_vectors)
        exec(compile(more, "docs/cluster.md", "exec"), names)
    assert names["complexity"] == pytest.approx(y @ np.linalg.solve(H, y), rel=1e-10)
    assert names["vectors"].shape == (600, 600)


@pytest.mark.parametrize(
    ("ranks", "n", "block", "kernel"),
    [
        (2, 300, 48, {}),
        (4, 130, 32, {"depth": 2, "trained": "all"}),
        # The workspace that pdsyevd asks for is too little here; rank 1 has no block.
        (2, 40, 64, {}),
    ],
)
def test_against_lapack(run, tmp_path, ranks, n, block, kernel):
    X, y = exact.sphere(n, 6), np.random.default_rng(0).standard_normal(n)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    options = [text for name, value in kernel.items() for text in (f"--{name}", value)]
    files = ("--X", "X.npy", "--y", "y.npy", "--block", block, *options)
    for vectors in ([], ["--vectors"]):
        done = run(tmp_path, *files, "--out", "out", *vectors, ranks=ranks)
        assert done.returncode == 0, done.stderr
        check(tmp_path / "out", pyntk.ntk_gram(X, **kernel), y, vectors=bool(vectors))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--scalapack nowhere.so", "OSError on rank 0: ScaLAPACK cannot be loaded: nowhere.so"),
        ("--n 2000000", "MemoryError on rank 0: the 2 ranks on "),
        ("--n 100 --y y.npy", "ValueError on rank 0: 100 finite labels are expected"),
        ("--X X.npy", "ValueError on rank 0: row 70 of X has NaN or infinity"),
    ],
)
def test_what_is_refused(run, tmp_path, arguments, message):
    X = np.ones((100, 3))
    X[70] = np.nan
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", np.ones(99))
    done = run(tmp_path, *arguments.split())
    assert done.returncode != 0
    assert done.stderr.count(" on rank ") == 1
    assert message in done.stderr


def numroc(n, block, process, processes):
    """ScaLAPACK's count of the rows that a process has, from its definition."""
    full, rest = divmod(n // block, processes)
    last = block if process < rest else n % block if process == rest else 0
    return full * block + last


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
@pytest.mark.parametrize(
    ("n", "block"), [(1, 64), (5, 64), (64, 64), (65, 64), (37, 1), (257, 32), (500, 48)]
)
def test_blocks_are_dealt_like_cards(scalapack, n, block, processes):
    hands = [[] for _ in range(processes)]
    for turn, first in enumerate(range(0, n, block)):
        hands[turn % processes] += range(first, min(first + block, n))
    for process, hand in enumerate(hands):
        np.testing.assert_array_equal(scalapack.owned(n, block, process, processes), hand)
        assert len(hand) == numroc(n, block, process, processes)


def test_grids(scalapack):
    shapes = {1: (1, 1), 2: (1, 2), 4: (2, 2), 6: (2, 3), 7: (1, 7), 12: (3, 4), 64: (8, 8)}
    assert {size: scalapack.grid_shape(size) for size in shapes} == shapes


def blacs(rank, size):
    """A library that says which process of how many this is."""

    def pinfo(at_rank, at_size):
        at_rank._obj.value, at_size._obj.value = rank, size

    def nothing(*_):
        return None

    return SimpleNamespace(Cblacs_pinfo=pinfo, Cblacs_get=nothing, Cblacs_gridinit=nothing)


def test_each_entry_has_one_owner_in_a_grid(scalapack):
    owners = np.zeros((101, 70), int)
    for rank in range(6):
        world = SimpleNamespace(rank=rank, size=6)
        part = scalapack.Grid(blacs(rank, 6), world, 16).zeros(101, 70)
        owners[np.ix_(part.rows, part.columns)] += 1
        assert part.local.shape == (len(part.rows), len(part.columns))
        assert part.local.flags.f_contiguous
        assert part.descriptor[2:].tolist() == [101, 70, 16, 16, 0, 0, len(part.rows)]
    assert (owners == 1).all()


def test_two_kinds_of_mpi(scalapack):
    with pytest.raises(OSError, match="rank 1 of 2, ScaLAPACK 0 of 1"):
        scalapack.Grid(blacs(0, 1), SimpleNamespace(rank=1, size=2), 64)


@pytest.mark.parametrize(("info", "error"), [(-4, ValueError), (3, np.linalg.LinAlgError)])
def test_info_that_is_not_zero(scalapack, info, error):
    def routine(n, at_info):
        ctypes.c_int.from_address(at_info.value).value = info

    library = SimpleNamespace(**vars(blacs(0, 1)), pdfoo_=routine)
    grid = scalapack.Grid(library, SimpleNamespace(rank=0, size=1), 64)
    with pytest.raises(error, match=rf"pdfoo.*INFO = {info}\)"):
        grid.checked("pdfoo", 5)
