"""The CUDA block emulator itself: tests/emulator/checks.cu, a small program of kernels."""

import os
import shutil
import signal
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from backends import REQUIRED

FOLDER = Path(__file__).parent / "emulator"
SANITIZE = os.environ.get("PYNTK_EMULATOR_SANITIZE", "")
SWITCHES = {"own": [], "ucontext": ["-DPYNTK_UCONTEXT"]}
"""How fibers are switched; the sanitizers know our own way alone."""

THREADS = range(64)
UNDER_TSAN = ["mirror", "broadcast", "neighbours"]
"""The last one comes out right here: the lanes of a warp wait for each other in a shuffle."""

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module", params=["own"] if SANITIZE else SWITCHES)
def program(request, tmp_path_factory):
    """The program's path."""
    if not shutil.which("g++") and "emulator" not in REQUIRED:
        pytest.skip("the CUDA block emulator needs g++ with C++20")
    path = tmp_path_factory.mktemp("emulator") / "checks"
    sanitizer = [f"-fsanitize={SANITIZE}"] if SANITIZE else []
    subprocess.run(
        ["g++", "-std=c++20", "-O1", "-g1", "-pthread", "-ffp-contract=off", "-Wall", "-Wextra",
         "-Werror", *sanitizer, *SWITCHES[request.param], "-include", FOLDER / "emulator.hpp",
         "-x", "c++", FOLDER / "checks.cu", "-o", path],
        check=True,
    )  # fmt: skip
    return path


def run(program, name):
    env = {**os.environ, "TSAN_OPTIONS": "atexit_sleep_ms=0"}
    return subprocess.run([program, name], env=env, capture_output=True, text=True, check=False)


def numbers(program, name):
    """What a check leaves, a number for each of 64 threads."""
    result = run(program, name)
    assert result.returncode == 0, result.stdout + result.stderr
    return [float(line) for line in result.stdout.split()]


EXPECTED = {
    "shuffle_from": lambda t: t - t % 32 + t * 5 % 32,
    "shuffle_from_8": lambda t: t - t % 8 + 3,
    "shuffle_xor": lambda t: t ^ 5,
    # A lane of a later segment cannot be read, one of an earlier can.
    "shuffle_xor_4": lambda t: t ^ 6 if t % 8 >= 4 else t,
    "shuffle_up": lambda t: t - 3 if t % 16 >= 3 else t,
    "shuffle_down": lambda t: t + 7 if t % 32 < 25 else t,
    "ballots": lambda t: (
        sum(1 << k for k in range(32) if (t - t % 32 + k) % 3 == 0) + (0.75 if t < 32 else 0)
    ),
    "votes": lambda t: 22 + 100 + 400,
    "halves": lambda t: 3 * (t ^ 15) + 3,
    "copies": lambda t: t,
    "mirror": lambda t: 0,
    "broadcast": lambda t: 0,
    "neighbours": lambda t: 0,
    "many threads": lambda t: 0,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_threads_do_together(name, program):
    assert numbers(program, name) == [EXPECTED[name](t) for t in THREADS]


def test_a_product_of_a_warp(program):
    """Terms ascending, each rounded once."""
    expected = []
    for i in range(8):
        for j in range(8):
            d = 1 / (3 + i + 7 * j)
            for k in range(4):
                a, b = 1 / (1 + i + 3 * k), 1 / (2 + 5 * k + j)
                d = float(Fraction(a) * Fraction(b) + Fraction(d))
            expected.append(d)
    assert numbers(program, "mma") == expected


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("barrier of some", "thread 0 is at __syncthreads (", "thread 3 has ended"),
        ("two barriers", "thread 0 is at __syncthreads (", "thread 40 is at __syncthreads ("),
        ("warp of some", "thread 32 is at __syncwarp (", "thread 35 has ended"),
        ("mma of some", "thread 0 is at mma.m8n8k4 (", "thread 16 is at __syncthreads ("),
        ("shuffle outside", "is at __shfl_sync (", "which its mask leaves out"),
        ("part of a warp", "is at __syncwarp (", "is in a block without all threads of its mask"),
        ("copies without waiting", "is at its end", "has not waited for its copies"),
    ],
)
def test_who_is_not_there_is_named(name, first, second, program):
    """The launch fails instead of waiting for ever, and the next one is as if it had not been."""
    result = run(program, name)
    assert result.returncode == 3, result.stdout + result.stderr
    assert result.stdout.startswith("CUDA block emulator: block ")
    assert first in result.stdout
    assert second in result.stdout


@pytest.mark.parametrize("name", UNDER_TSAN if SANITIZE == "thread" else UNDER_TSAN[:2])
def test_a_missing_barrier_is_noticed(name, program):
    """With the barrier, test_what_threads_do_together, it is not."""
    result = run(program, f"{name} without barrier")
    if SANITIZE == "thread":
        assert result.returncode == 66
        assert f"data race {FOLDER / 'checks.cu'}" in result.stderr
    else:
        assert any(map(float, result.stdout.split()))


def test_a_stack_that_overflows_ends_the_process(program):
    result = run(program, "overflow")
    if SANITIZE:
        assert "stack-overflow" in result.stderr
    else:
        assert result.returncode == -signal.SIGSEGV
    assert not result.stdout
