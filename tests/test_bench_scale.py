"""The script on growth: its model is a law and what pyntk announces, and it says what differs."""

import importlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import pyntk

BENCH = Path(__file__).parent.parent / "bench"
MIB = 2**20
SLACK = 8 * MIB
"""What a process may allocate beside a call, and the grain of the measurement."""


@pytest.fixture(autouse=True)
def _bench_on_the_path(monkeypatch):
    for folder in (BENCH / "peers", BENCH):
        monkeypatch.syspath_prepend(folder)


@pytest.fixture
def size():
    from scaling.model import Size

    return lambda n, d=20, workers=2: Size(n, d, workers)


@pytest.fixture
def constants():
    """Laws in which a way takes 1 ms and 1 ns for each entry."""
    from scaling.model import WAYS, Constants

    return {way: Constants(1e-3, 1e-9) for way in WAYS}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The script's output and result."""
    left = tmp_path_factory.mktemp("scale") / "scale.json"
    command = [sys.executable, "-P", BENCH / "scale.py", "--quick", "--json", left]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads(left.read_text())


def answers(requests, limit):
    """Measurements of a machine that is exactly as its law: 1 ms, and 1 ns for each entry."""
    from scaling.model import memory

    return [
        {
            "seconds": 1e-3 + 1e-9 * asked.n**2, "bytes": memory(way, asked), "steps": 9,
            "step_seconds": 1e-3 + 1e-9 * asked.n**2, "making_seconds": 0.1,
        }
        for way, asked in requests
    ]  # fmt: skip


def test_every_way_is_measured_beside_the_model(quick):
    from scaling.model import WAYS

    lines = quick[1]["lines"]
    assert [(line["way"], line["n"]) for line in lines] == [
        (way, n) for n in (1000, 2000) for way in WAYS
    ]
    for line in lines:
        assert line["seconds"] > 0, line
    for title in WAYS.values():
        assert title in quick[0]
    assert f"{quick[1]['constants']['gram']['entry'] * 1e9:.3g} ns n^2" in quick[0]


def test_what_was_needed_is_below_what_was_announced(quick):
    least = {"gram": 8, "stream": 8, "fit": 8 / 2, "product": 0, "dask": 0}
    for line in quick[1]["lines"]:
        assert line["bytes"] <= line["model_bytes"] + SLACK, line
        # An answer, a block, the columns of the landmarks: what is there at once, at least.
        width = {"fit": 500}.get(line["way"], line["n"])
        assert line["bytes"] >= least[line["way"]] * line["n"] * width, line


def test_an_announcement_far_above_the_need_is_noticed(quick):
    """32 MiB for tiles, where 1000 rows take one."""
    text, result = quick
    line = next(line for line in result["lines"] if line["way"] == "product")
    assert line["bytes"] < line["model_bytes"] / 2
    assert "product: the memory at n = 1,000" in text


@pytest.mark.parametrize("n", [1000, 3000, 30_000])
def test_the_memory_of_the_model_is_what_calls_announce(n, size, monkeypatch, tmp_path):
    from scaling import model

    class Announced(Exception):  # noqa: N818 - it is no error
        pass

    def announce(call, needed, **where):
        raise Announced(needed)

    for name in ("gram", "products", "streaming.stream_gram", "linalg.regression"):
        monkeypatch.setattr(importlib.import_module(f"pyntk.{name}"), "require", announce)
    X = np.ones((n, 20))

    def announced(call, *arguments, **options):
        with pytest.raises(Announced) as raised:
            call(*arguments, **options)
        return raised.value.args[0]

    asked = size(n, workers=3)
    assert model.memory("gram", asked) == announced(pyntk.ntk_gram, X)
    assert model.memory("product", asked) == announced(pyntk.ntk_matmul, X, X[:, 0])
    assert model.memory("stream", asked) == announced(pyntk.stream_gram, X, tmp_path / "K.npy")
    assert model.memory("fit", asked) == announced(
        pyntk.kernel_regression, X, X[:, 0], ridge=1.0, method="matrix_free"
    )
    on_workers = 0
    for k in (1, 2, 3):
        rows = X[: round(n * (k / 3) ** 0.5)]
        product = announced(pyntk.ntk_matmul, rows, rows[:, 0].copy())
        on_workers += product + rows.nbytes + rows[:, 0].nbytes
    assert model.memory("dask", asked) == on_workers + 3 * X[:, 0].nbytes


def test_the_laws():
    """Four times the entries, four times their time; a fit is a preconditioner and products."""
    from scaling.model import Constants, of_calls, of_dask, of_fit, rank, seconds

    law = of_calls(0.002, 0.502, 10_000)
    assert law == Constants(0.002, pytest.approx(5e-9))
    assert seconds(law, 10_000) == pytest.approx(0.502)
    for n in (10_000, 500_000):
        assert seconds(law, 2 * n) - 0.002 == pytest.approx(4 * (seconds(law, n) - 0.002))
    with pytest.raises(RuntimeError, match="too busy"):
        of_calls(0.002, 0.002, 10_000)
    assert seconds(of_dask(0.01, law, 1), 10_000) == pytest.approx(0.01 + 0.5)
    fitted = {"making_seconds": 3.0, "step_seconds": 0.7, "steps": 19}
    law = of_fit(fitted, law, 10_000)
    assert seconds(law, 10_000) == pytest.approx(3.0 + 20 * 0.7)
    assert rank(10**6) == 2048
    assert seconds(law, 10**6) > 20 * 5e-9 * 10**12
    X = np.random.default_rng(0).standard_normal((3000, 3))
    assert rank(3000) == pyntk.cg_solve(X, X[:, 0], ridge=1.0, preconditioner="landmarks").rank


def test_a_wrong_model_is_noticed():
    from scaling.growth import Line
    from scaling.texts import remarks

    def lines(time_ratio, memory_ratio):
        return [
            Line("gram", 1000, 1.0, 2**30, time_ratio, int(memory_ratio * 2**30)),
            Line("gram", 3000, 1.0, 2**30, note="no time"),
        ]

    assert remarks(lines(0.5, 2.0)) == []
    for ratios, what in (
        ((2.01, 1), r"time at n = 1,000 is 2 times"), ((0.25, 1), r"time at n = 1,000 is 0.25 tim"),
        ((1, 3), "memory at n = 1,000 is 3 times"), ((1, 0.125), "memory at n = 1,000 is 0.12 tim"),
    ):  # fmt: skip
        (sentence,) = remarks(lines(*ratios))
        assert what in sentence, sentence
    assert len(remarks(lines(5, 5))) == 2


def test_what_does_not_fit_is_the_model_alone(size, constants):
    from scaling.growth import grow

    asked = []

    def ask(requests, limit):
        asked.extend(requests)
        return answers(requests, limit)

    sizes = [size(1000), size(10**7)]
    grown = grow(sizes, constants, ask, time.monotonic() + 600)
    assert [n.n for _, n in asked] == [1000] * 5
    why = {line.way: line.note for line in grown.lines[5:]}
    assert all(line.seconds is None for line in grown.lines[5:])
    assert "of memory" in why["gram"]
    assert "of disk" in why["stream"]
    assert why["product"].startswith("about 28 h, ")
    late = grow(sizes, constants, ask, time.monotonic() - 1)
    assert len(asked) == 5
    assert all(line.note.endswith("0 ns are left") for line in late.lines[:5])


def test_one_that_was_slower_is_expected_to_be_slower(size, constants):
    """Ten times, so that 16 s by the law are not begun with 100 s left."""
    from scaling.growth import grow

    def slow(requests, limit):
        return [{**each, "seconds": 10 * each["seconds"]} for each in answers(requests, limit)]

    only = {"product": constants["product"]}
    sizes = [size(1000), size(126_000)]
    for ask, measured in ((answers, True), (slow, False)):
        grown = grow(sizes, only, ask, time.monotonic() + 100)
        assert (grown.lines[1].seconds is not None) == measured


def test_ctrl_c_leaves_what_there_is(size, constants, capsys):
    from scaling.growth import grow

    calls = []

    def ask(requests, limit):
        calls.append(requests)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return answers(requests, limit)

    grown = grow([size(1000), size(3000)], constants, ask, time.monotonic() + 600)
    assert grown.interrupted
    assert len(calls) == 3
    assert [line.seconds is not None for line in grown.lines] == [True] * 2 + [False] * 8
    assert grown.lines[-1].model_seconds == pytest.approx(1e-3 + 9e-3)
    assert "dask, n = 1000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("measurements_until", "failure", "status"),
    [(99, None, 0), (0, KeyboardInterrupt, 130), (4, KeyboardInterrupt, 130), (4, RuntimeError, 1)],
)
def test_the_command(measurements_until, failure, status, capsys):
    scale = importlib.import_module("scale")
    calls = []

    def ask(requests, limit):
        calls.append(requests)
        if len(calls) > measurements_until:
            raise failure("it broke")
        return answers(requests, limit)

    assert scale.main(["--minutes", "1"], ask) == status
    out = capsys.readouterr().out
    if measurements_until:
        assert out.count("\n| 1,000,000 |") == 5
        assert "1 ms + 1 ns n^2" in out
    else:
        assert out == ""
    if failure is RuntimeError:
        assert "model only: it broke" in out
    if failure is None:
        ratios = re.findall(r"\n\| +1,000 \|.*\| +([0-9.]+) \|.*\| +([0-9.]+) \|", out)
        assert [memory for _, memory in ratios] == ["1.00"] * 5
        gram, product, dask, stream, _ = [float(seconds) for seconds, _ in ratios]
        assert gram == product == stream == 1
        assert dask <= 1  # fewer threads than there are would take longer by the law


def test_a_measurement_out_of_time_is_ended(size, monkeypatch):
    from scaling.ask import OutOfTimeError, ask

    begun, Popen = [], subprocess.Popen

    def kept(*arguments, **options):
        begun.append(Popen(*arguments, **options))
        return begun[0]

    monkeypatch.setattr(subprocess, "Popen", kept)
    with pytest.raises(OutOfTimeError, match="stopped after 0 s"):
        ask([("product", size(10**6))], 0.05)
    assert begun[0].returncode == -9
    with pytest.raises(ProcessLookupError):
        os.killpg(begun[0].pid, 0)


def test_a_measurement_that_fails_says_why(size):
    from scaling.ask import ask

    with pytest.raises(RuntimeError, match="failed with 1: KeyError: 'no such way'"):
        ask([("no such way", size(10))], 60)


def test_wrong_answers_are_refused(tmp_path):
    from scaling.ways import OPEN

    X = np.random.default_rng(0).standard_normal((200, 5))
    for way in ("gram", "stream", "product", "fit"):
        with OPEN[way](X, {"folder": tmp_path}) as job:
            answer = job.call()
            job.check(answer)
            wrong = answer
            if way == "fit":
                wrong.coefficients[0] += 1e-2
            else:
                wrong = np.array(answer)
                wrong[-1] *= 1 + 1e-10
            with pytest.raises(AssertionError, match=r"wrong|missed"):
                job.check(wrong)
