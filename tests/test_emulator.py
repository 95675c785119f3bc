"""The emulator compiles the .cu files that ship: break one line of one, and the contract fails."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backends import CUDA_SOURCES
from broken_lines import BREAKS, LARGE_STEPS, ONE_GROUP, SHORT_BLOCKS, SHORT_STRIPS
from pyntk.contract import LOSSES, TRAINED, Activation, Descent, Recipe

TESTS = Path(__file__).parent

CONTRACTS = [
    TESTS / f"test_{name}.py"
    for name in ("contract", "network_contract", "training_contract", "emulator")
]


def files_of(tests):
    """The files that have the tests of an expression: collecting all of them takes seconds."""
    names = re.findall(r"test_\w+", tests)
    found = [p for p in CONTRACTS if any(f"def {name}" in p.read_text() for name in names)]
    assert found, tests
    return map(str, found)


def run_contract(changes, tests, folder, emulator):
    """Run some tests on the emulator with lines of the CUDA sources changed."""
    shutil.copytree(CUDA_SOURCES, folder / "csrc")
    objects = folder / "pyntk" / "emulator"
    objects.mkdir(parents=True)
    for path in Path(emulator.module.__file__).parent.parent.glob("*.o"):
        (objects / path.name).symlink_to(path)  # only what includes a changed line is compiled
    for file, line, changed in changes:
        source = folder / "csrc" / "cuda" / file
        text = source.read_text()
        assert text.count(line) == 1
        source.write_text(text.replace(line, changed))
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
         *files_of(tests), "-k", f"emulator and ({tests})"],
        env={
            **os.environ,
            "PYNTK_CUDA_SOURCES": str(folder / "csrc"),
            "XDG_CACHE_HOME": str(folder),  # the changed module is not kept
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.emulator
@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_line_fails_the_contract(name, tmp_path, emulator):
    run = run_contract(*BREAKS[name], tmp_path, emulator)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout + run.stderr
    assert "1 failed" in run.stdout


@pytest.mark.emulator
def test_strips_and_chunks_keep_the_contract(tmp_path, emulator):
    tests = "((test_ntk_matmul or test_ntk_vjp) and angles and one) or leading_square"
    run = run_contract(SHORT_STRIPS, tests, tmp_path, emulator)
    assert run.returncode == pytest.ExitCode.OK, run.stdout + run.stderr


@pytest.mark.emulator
def test_blocks_of_samples_keep_the_contract(tmp_path, emulator):
    tests = "(test_two_layer_step and (leaky or knots)) or test_a_step_computes"
    run = run_contract((*SHORT_BLOCKS, *SHORT_STRIPS), tests, tmp_path, emulator)
    assert run.returncode == pytest.ExitCode.OK, run.stdout + run.stderr


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("changes", "tests"),
    [
        (ONE_GROUP, "test_two_layer_descent"),
        (
            (*LARGE_STEPS, *SHORT_BLOCKS, *SHORT_STRIPS),
            "(test_one_step_of_every_loss and (leaky or two)) or test_many_steps or test_no_steps",
        ),
    ],
    ids=["one group", "large"],
)
def test_either_way_of_training_keeps_the_contract(changes, tests, tmp_path, emulator):
    run = run_contract(changes, tests, tmp_path, emulator)
    assert run.returncode == pytest.ExitCode.OK, run.stdout + run.stderr


@pytest.mark.emulator
def test_flips_in_many_words(emulator):
    P, Q = np.random.default_rng(1).integers(0, 2**64, (2, 3, 70), np.uint64)
    (flips,) = emulator.run(
        "pattern_flips", {"P": P, "Q": Q, "threads": 1}, {"flips": ((3,), np.int64)}
    )
    assert (flips == np.bitwise_count(P ^ Q).sum(1)).all()


@pytest.mark.emulator
def test_a_sum_of_many_terms(emulator):
    """One large term, and 20,000 whose sum over a tile is less than half an ulp of it."""
    p = 20_000
    X, Z = np.ones((1, 1)), np.ones((p, 1))
    V = np.full((p, 1), 0.9 * 2.0**-53 / 32)
    V[0] = 1
    inputs = {"X": X, "Z": Z, "V": V, "recipe": Recipe(), "threads": 1}
    (Y,) = emulator.run("ntk_matmul_cross", inputs, {"Y": ((1, 1), np.float64)})
    exact = V.astype(np.longdouble).sum() / 2
    assert abs(Y[0, 0] - exact) <= 4 * np.longdouble(2) ** -53 * exact


@pytest.mark.emulator
def test_a_gradient_of_many_terms(emulator):
    """The same for ntk_vjp, which has the sums of strips to itself: k = x z / 2 here."""
    p = 20_000
    G = np.full((1, p), 0.9 * 2.0**-53 / 32)
    G[0, 0] = 1
    inputs = {"X": np.ones((1, 1)), "Z": np.ones((p, 1)), "G": G, "recipe": Recipe(), "threads": 1}
    (dX,) = emulator.run("ntk_vjp", inputs, {"dX": ((1, 1), np.float64)})
    exact = G.astype(np.longdouble).sum() / 2
    assert abs(dX[0, 0] - exact) <= 4 * np.longdouble(2) ** -53 * exact


@pytest.mark.emulator
def test_a_sum_over_many_samples(emulator):
    """One large term, and 1,280 whose sum over a block of 32 is less than half an ulp of it."""
    n = 1_280
    one = np.ones((1, 1))
    G = np.full((n, 1), 0.9 * 2.0**-53 / 32)
    G[0] = 1
    inputs = {"X": np.ones((n, 1)), "W": one, "A": one, "G": G, "activation": Activation(),
              "scale": 1.0, "threads": 1}  # fmt: skip
    (dW,) = emulator.run("two_layer_gradient", inputs, {"dW": ((1, 1), np.float64)})
    exact = G.astype(np.longdouble).sum()
    assert abs(dW[0, 0] - exact) <= 4 * np.longdouble(2) ** -53 * exact


@pytest.mark.emulator
def test_a_sum_over_a_batch(emulator):
    """c becomes the sum of the targets: a large one, and 63 below half an ulp of it."""
    Y = np.full((64, 1), 0.9 * 2.0**-53)
    Y[0] = 1
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    descent = Descent(LOSSES["half_squares"], TRAINED["last"], True, 1.0)
    inputs = {"X": np.ones((64, 1)), "Y": Y, "order": np.zeros((0, 0), np.int64),
              "step_sizes": np.ones(1), "activation": Activation(), "descent": descent,
              "threads": 1}  # fmt: skip
    outputs = {"losses": ((1,), np.float64), "done": ((1,), np.int64)}
    parameters = {"W": -one, "A": zero, "c": np.zeros(1)}
    _, _, c, *_ = emulator.run("two_layer_descent", inputs, outputs, parameters)
    exact = Y.astype(np.longdouble).sum()
    assert abs(c[0] - exact) <= 4 * np.longdouble(2) ** -53 * exact
