"""Narrower instruction sets keep the promises too: the contract again, the version forced."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CASES = "cpu and (test_ntk_gram or test_ntk_matmul) and (angles or long)"


@pytest.mark.parametrize("isa", ["avx2", "baseline"])
def test_the_contract_with_a_forced_instruction_set(cpu, isa):
    environment = {**os.environ, "PYNTK_ISA": isa}
    load = [sys.executable, "-P", "-c", "import pyntk; pyntk.ntk_gram([[1.0]], backend='cpu')"]
    check = subprocess.run(load, env=environment, capture_output=True, text=True, check=False)
    if check.returncode and "this machine has" in check.stderr:
        pytest.skip(f"this machine has no {isa}")
    run = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
         str(TESTS / "test_contract.py"), "-k", CASES],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == pytest.ExitCode.OK, run.stdout + run.stderr
    assert " passed" in run.stdout
