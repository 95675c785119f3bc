"""How many CPU threads a call may use."""

import os

import pytest

from pyntk.threads import admit_threads, allowed


@pytest.fixture
def no_limits(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("PYNTK_NUM_THREADS", raising=False)


def test_at_most_the_cpus_of_this_process(no_limits):
    assert 1 <= allowed() <= len(os.sched_getaffinity(0))
    assert admit_threads(None) == allowed()
    assert admit_threads(10_000) == allowed()
    assert admit_threads(1) == 1


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "PYNTK_NUM_THREADS"])
def test_the_environment_lowers_the_limit(no_limits, monkeypatch, variable):
    monkeypatch.setenv(variable, "1,4")
    assert allowed() == 1
    monkeypatch.setenv(variable, "not a number")
    assert allowed() >= 1


def test_affinity_lowers_the_limit(no_limits):
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert allowed() == 1
    finally:
        os.sched_setaffinity(0, before)
