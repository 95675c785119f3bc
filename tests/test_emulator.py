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
from pyntk.contract import LOSSES, TRAINED, Activation, Descent, Recipe

TESTS = Path(__file__).parent
SHORT_STRIPS = (
    ("strips.cuh", "shortest_strip = 256", "shortest_strip = 32"),
    ("strips.cuh", "strip_bytes = index{64} << 20", "strip_bytes = 0"),
    ("strips.cuh", "strip_blocks = 256", "strip_blocks = 1"),
)
"""Several strips and chunks already for the contract's sizes."""

SHORT_BLOCKS = (("network_pass.cuh", "kept_bytes = index{32} << 20", "kept_bytes = 0"),)
"""Blocks of 32 samples."""

ONE_GROUP = (("small_steps.cu", "most_groups = 512", "most_groups = 1"),)
"""All slices of neurons in one block."""

LARGE_STEPS = (
    ("two_layer_descent.cu", "most_rows_of_small_steps = 64", "most_rows_of_small_steps = -1"),
)
"""Every batch takes the way of large ones."""

BREAKS = {
    "what an addition rounds off is lost": (
        [("tile.cuh", "c[i][j] -= sum - h[i][j];", "c[i][j] = 0;")],
        "test_ntk_gram and long",
    ),
    "the mirrored half is not written": (
        [("ntk_gram.cu", "if (Symmetric) put_mirrored(memory.a, at, K);", "")],
        "test_ntk_gram and repeats",
    ),
    "no chords near the poles": (
        [("pairs.cuh", "std::fabs(cosine[i][j]) > chord_border<W>()", "cosine[i][j] > W(2)")],
        "test_ntk_gram and angles",
    ),
    "float64 sums are not": (
        [("pairs.cuh", "else if (recipe.float64_sums)", "else if (false)")],
        "test_ntk_gram and angles and sums",
    ),
    "the shares of another row": (
        [("pairs.cuh", "Z.shares_of(j)", "X.shares_of(i)")],
        "test_ntk_gram and angles and bias",
    ),
    "a zero row has cosine 1 with itself": (
        [("ntk_diag.cu", "k.X.lengths[i].mantissa > 0 ? 1 : 0", "1")],
        "test_ntk_diag and repeats",
    ),
    "a sum begins with what was there": (
        [("strips.cuh", "first ? 0 : total", "total")],
        "test_ntk_matmul and angles and one",
    ),
    "the second strip is lost": (
        [*SHORT_STRIPS, ("strips.cuh", "S < strips; ++S", "S < 1; ++S")],
        "test_ntk_matmul and angles and one",
    ),
    "what a strip rounds off is lost": (
        [("strips.cuh", "carry -= result - before;", "carry = 0 * before;")],
        "test_a_sum_of_many_terms",
    ),
    "what a tile rounds off is lost": (
        [("strips.cuh", "rest = chain - (sum - before);", "rest = 0;")],
        "test_a_sum_of_many_terms",
    ),
    "a row near the opposite pole counts as near": (
        [("ntk_vjp.cu", "side[r][c] = angle.obtuse ? -1 : 1;", "side[r][c] = 1;")],
        "test_ntk_vjp and angles and one",
    ),
    "the norm's share of a gradient is lost": (
        [("ntk_vjp.cu", "slope.by_log_norm + ", "")],
        "test_ntk_vjp and angles and one",
    ),
    "a neuron at 0 is active": (
        [
            (
                "activation_patterns.cu",
                "beyond_knot(p, 0, right)",
                "beyond_knot(p, 0, right || true)",
            )
        ],
        "test_activation_patterns and kink",
    ),
    "what is not there is active": (
        [("activation_patterns.cu", "if (word * word_bits + half + r >= W.rows) break;", "")],
        "test_activation_patterns and kink",
    ),
    "the words beyond a warp are not counted": (
        [("pattern_flips.cu", "word += threads", "word += P.columns")],
        "test_flips_in_many_words",
    ),
    "a knot is where the scaled rows have it": (
        [("network_pass.cu", "if (homogeneous || p != p) return p;", "return p;")],
        "test_two_layer_forward and kink and knots",
    ),
    "the second layer is left out of the first's gradient": (
        [("network_pass.cu", "A.columns == 1 ? scale", "A.columns == 0 ? scale")],
        "test_two_layer_gradient and kink",
    ),
    "the first of several outputs counts": (
        [("network_pass.cu", "G.columns > 1 ? weights[u][v] : G(i, 0)", "G(i, 0)")],
        "test_two_layer_gradient and kink and leaky",
    ),
    "the last block of samples is all": (
        [*SHORT_BLOCKS, ("network_pass.cuh", "before = first ?", "before = first || true ?")],
        "test_two_layer_step and softmax and leaky",
    ),
    "what a block rounds off is lost": (
        [*SHORT_BLOCKS, ("network_pass.cuh", "std::isfinite(sum) ? lost : T(0)", "T(0) * lost")],
        "test_a_sum_over_many_samples",
    ),
    "the losses of the first block are lost": (
        [*SHORT_BLOCKS, ("two_layer_step.cu", "part.get() + used);", "part.get());")],
        "test_two_layer_step and softmax and leaky",
    ),
    "the words of a counter are used twice": (
        [("random_numbers.cu", "uniform_of(words.at[2 * half]", "uniform_of(words.at[0 * half]")],
        "test_random_uniforms",
    ),
    "the noise of another step": (
        [("descent.cuh", "number * rows + r", "number + rows + r")],
        "test_the_noise",
    ),
    "the batch of the step before": (
        [("small_steps.cu", "neurons.forward(t + 1,", "neurons.forward(t < 0 ? 0 : t,")],
        "test_many_steps and 9",
    ),
    "the second slice of a group is all": (
        [*ONE_GROUP, ("small_steps.cu", "first ? 0 : share", "first ? 0 : 0 * share")],
        "test_two_layer_descent",
    ),
    "a step with too large a loss is done": (
        [("small_steps.cu", "!(loss <= net.how.limit)", "false")],
        "test_training_stops and small",
    ),
    "a large step with too large a loss is done": (
        [("large_steps.cu", " || !net.is_done(t)", "")],
        "test_training_stops and large",
    ),
    "training has no end": (
        [("descent.cuh", "ended_before(t) ? not_a_number : loss", "loss")],
        "test_training_stops and small",
    ),
    "what a sum over a batch rounds off is lost": (
        [("descent.cuh", "? rest - (total - before) : 0", "? 0 * before : 0")],
        "test_a_sum_over_a_batch",
    ),
}


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


def run_contract(changes, tests, folder, emulator, **environment):
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
            **environment,
            "PYNTK_CUDA_SOURCES": str(folder / "csrc"),
            "XDG_CACHE_HOME": str(folder),  # the changed module is not kept
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.emulator
@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_line_fails_the_contract(name, tmp_path, emulator):
    run = run_contract(*BREAKS[name], tmp_path, emulator, PYNTK_EMULATOR="all")
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout + run.stderr
    assert "1 failed" in run.stdout


@pytest.mark.emulator
def test_strips_and_chunks_keep_the_contract(tmp_path, emulator):
    tests = "(test_ntk_matmul or test_ntk_vjp) and angles and one"
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
