"""Benchmarks: ``pytest bench``, or ``python -m pyntk bench`` for the table with ratios.

A file ``bench_*.py`` lists its problems, ``problems(quick)``; each contender of each is a test. The
contenders of a problem run on the same arrays in turn (race.py), and every answer that is timed is
checked. A contender that is absent here is skipped with its name and the reason; one that is there
and fails is a failure. Compare ratios of medians within one run only: the machine may be shared.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "peers")]

from race import Replay, Rounds, race  # noqa: E402

from pyntk import __version__  # noqa: E402
from pyntk.dispatch import available, load  # noqa: E402
from pyntk.threads import allowed  # noqa: E402

CLOCK = Replay()
RACES = pytest.StashKey()
ABSENT = pytest.StashKey()
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def pytest_addoption(parser):
    group = parser.getgroup("pyntk")
    group.addoption("--quick", action="store_true", help="small problems, three rounds")


def pytest_configure(config):
    config.stash[RACES], config.stash[ABSENT] = {}, {}
    for variable in BLAS_THREADS:
        if os.environ.get(variable) not in (None, str(allowed())):
            raise pytest.UsageError(
                f"{variable}={os.environ[variable]}, but pyntk may use {allowed()} thread(s): not "
                "all contenders would run on as many; unset it, or set OMP_NUM_THREADS for all"
            )


def pytest_generate_tests(metafunc):
    if "compete" in metafunc.fixturenames:
        problems = metafunc.module.problems(metafunc.config.getoption("quick"))
        entries = [(problem, name) for problem in problems for name in problem.contenders]
        ids = [f"{problem.name}-{name}" for problem, name in entries]
        metafunc.parametrize("compete", entries, ids=ids, indirect=True)


def pytest_collection_modifyitems(items):
    for item in items:
        if "compete" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.benchmark(timer=CLOCK.read))
            # So it is where the race failed; one report of that is enough.
            item.add_marker(pytest.mark.filterwarnings("ignore:Benchmark fixture was not used"))


@pytest.fixture
def compete(request, benchmark):
    """Let the contender of this test take part in its race; hand its rounds to pytest-benchmark."""
    problem, name = request.param

    def run():
        absence = problem.contenders[name].absence()
        if absence is not None:
            request.config.stash[ABSENT][name] = absence
            pytest.skip(f"{name}: {absence}")
        races = request.config.stash[RACES]
        if problem not in races:
            rounds = Rounds(3, 3) if request.config.getoption("quick") else Rounds()
            races[problem] = race(problem, _present(request.session, problem), rounds)
        lane = races[problem][name]
        if lane.failure is not None:
            raise lane.failure
        benchmark.group = problem.name
        benchmark.extra_info.update(
            contender=name,
            place=list(problem.contenders).index(name),
            extra_bytes=lane.extra_bytes,
            error_u=lane.error_u,
            work=problem.work._asdict() if problem.work else None,
            bounds=[
                bound._asdict()
                for bound in problem.bounds
                if bound.contender == name and not request.config.getoption("quick")
            ],  # which hold for the problems at their full size
        )
        CLOCK.seconds = iter(lane.seconds)
        benchmark.pedantic(CLOCK, rounds=len(lane.seconds))

    return run


def _present(session, problem):
    """Return the contenders of a problem that were selected and are there."""
    selected = [
        item.callspec.params["compete"] for item in session.items if hasattr(item, "callspec")
    ]
    return [
        name
        for raced, name in selected
        if raced is problem and raced.contenders[name].absence() is None
    ]


def pytest_benchmark_update_json(config, output_json):
    output_json["pyntk"] = {
        "version": __version__,
        "quick": config.getoption("quick"),
        "backends": available(),
        "instruction_set": None if available()["cpu"] else load("cpu").instruction_set(),
        "threads": allowed(),
        "absent": config.stash[ABSENT],
    }
