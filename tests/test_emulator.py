"""The emulator compiles the .cu files that ship: break one line of one, and the contract fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backends import CUDA_SOURCES

TESTS = Path(__file__).parent
BREAKS = {
    "what an addition rounds off is lost": (
        "tile.cuh",
        "c[i][j] -= sum - h[i][j];",
        "c[i][j] = 0;",
        "test_ntk_gram and long",
    ),
    "the mirrored half is not written": (
        "ntk_gram.cu",
        "if (Symmetric) put_mirrored(memory.a, at, K);",
        "",
        "test_ntk_gram and repeats",
    ),
    "no chords near the poles": (
        "ntk_gram.cu",
        "std::fabs(cosine[i][j]) > chord_border<T>()",
        "cosine[i][j] > T(2)",
        "test_ntk_gram and angles",
    ),
    "the relu's derivative at 0 is 1": (
        "activation_patterns.cu",
        "memory.a[threadIdx.x][r] > 0",
        "memory.a[threadIdx.x][r] >= 0",
        "test_two_layer_gradient and kink",
    ),
}


@pytest.mark.emulator
@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_line_fails_the_contract(name, tmp_path, emulator):
    file, line, broken, cases = BREAKS[name]
    shutil.copytree(CUDA_SOURCES, tmp_path / "csrc")
    source = tmp_path / "csrc" / "cuda" / file
    text = source.read_text()
    assert text.count(line) == 1
    source.write_text(text.replace(line, broken))
    run = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
         str(TESTS / "test_contract.py"), "-k", f"emulator and ({cases})"],
        env={
            **os.environ,
            "PYNTK_CUDA_SOURCES": str(tmp_path / "csrc"),
            "XDG_CACHE_HOME": str(tmp_path),  # the broken module is not kept
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout + run.stderr
    assert "1 failed" in run.stdout
