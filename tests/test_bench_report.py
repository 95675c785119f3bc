"""The table of ``python -m pyntk bench``: its columns, its expectations, what it refuses."""

import json

import pytest

from pyntk.bench_report import entries, rates, read_report, table


def entry(group, contender, seconds, place=0, work=None, bounds=(), **info):
    """A benchmark as pytest-benchmark writes it; its fastest round is 10 % below the median."""
    return {
        "group": group,
        "name": f"test[{group}-{contender}]",
        "stats": {"median": seconds, "min": 0.9 * seconds},
        "extra_info": {
            "contender": contender, "place": place, "work": work, "bounds": list(bounds), **info,
        },
    }  # fmt: skip


def work(flops, written=0.0, arithmetic="float32"):
    return {"flops": flops, "bytes_written": written, "arithmetic": arithmetic}


def bound(contender, quantity, at_most, of=None):
    return {"contender": contender, "quantity": quantity, "at_most": at_most, "of": of}


def report(*benchmarks, cpu="a processor", **own):
    about = {"version": "9", "threads": 2, "instruction_set": "avx2", "quick": False, **own}
    return {
        "datetime": "2026-01-02T03:04:05.678",
        "machine_info": {"cpu": {"brand_raw": cpu}},
        "benchmarks": list(benchmarks),
        "pyntk": about,
    }


LIMITS = "limits of this machine: "


def measured():
    """9e9 flop/s in float32 and 9e8 bytes/s, by the fastest rounds: 0.1 s for 1e9 flops or so."""
    return report(
        entry("gram", "NumPy formula", 0.5, 2, work(9e8, 1e6), error_u=4520.0, extra_bytes=3 << 20),
        entry("gram", "pyntk cpu", 0.2, 0, work(9e8, 1e6), error_u=0.65, extra_bytes=0),
        entry("short", "pyntk cpu", 2e-5, 0, work(9.0, 9e3)),
        entry(LIMITS + "float32", "limit: SYRK", 0.1 / 0.9, 0, work(9e8)),
        entry(LIMITS + "float32", "limit: a slower SYRK", 0.2, 1, work(9e8)),
        entry(LIMITS + "written", "limit: fresh memory", 1 / 0.9, 0, work(0, 9e8)),
        entry(LIMITS + "written", "memory written before", 0.1, 1, work(0, 9e8)),
        absent={"PyTorch formula": "not installed: pip install torch"},
    )


def line(text, *words):
    """The one line of a table that has all the words."""
    (found,) = [row for row in text.splitlines() if all(word in row for word in words)]
    return found.split()


def test_the_contenders_of_a_group_in_their_own_order():
    assert [e.contender for e in entries(measured())[:2]] == ["pyntk cpu", "NumPy formula"]


def test_ratios_errors_and_memory():
    text = table(measured())
    assert line(text, "NumPy formula")[2:5] == ["500", "ms", "2.50"]
    assert line(text, "NumPy formula")[-4:] == ["4.52e+03", "u", "3", "MiB"]
    assert line(text, "pyntk cpu", "0.65 u")[2:5] == ["200", "ms", "1.00"]
    assert "x pyntk cpu" in text


def test_the_roofline_is_the_best_rate_of_a_limit_in_the_same_run():
    reached = rates(entries(measured()))
    assert reached.flops == pytest.approx({"float32": 9e9})
    assert reached.written == pytest.approx(9e8)
    text = table(measured())
    assert line(text, "pyntk cpu", "0.65 u")[5:7] == ["50", "%"]  # 0.1 s of arithmetic
    assert line(text, "20 us")[-2:] == ["50", "%"]  # 10 us of writing
    assert "8 GFLOP/s" in " ".join(line(text, "limit: SYRK", "111 ms"))


def test_without_limits_there_is_no_roofline_and_it_says_so():
    text = table(report(entry("gram", "pyntk cpu", 0.2, 0, work(9e8, 1e6))))
    assert "%" not in text
    assert "no roofline" in text


def test_arithmetic_of_unknown_rate_has_no_share():
    shown = measured()
    shown["benchmarks"].append(entry("deep", "pyntk cpu", 0.3, 0, work(1e9, 0, "float64")))
    assert "%" not in " ".join(line(table(shown), "300 ms"))


def test_who_is_absent_is_named():
    assert "absent: PyTorch formula: not installed: pip install torch" in table(measured())


def test_expectations():
    own = [
        bound("pyntk cpu", "times", 1.15, "limit: SYRK"),
        bound("pyntk cpu", "times", 0.5, "NumPy formula"),
        bound("pyntk cpu", "times", 0.5, "somebody absent"),
        bound("pyntk cpu", "seconds", 2e-5),
        bound("pyntk cpu", "extra_bytes", 32 << 20),
    ]
    text = table(
        report(
            entry("gram", "pyntk cpu", 0.012, 0, bounds=own, extra_bytes=33 << 20),
            entry("gram", "limit: SYRK", 0.01, 1),
            entry("gram", "NumPy formula", 0.03, 2),
        )
    )
    assert "MISSED: pyntk cpu, at most 1.15 x limit: SYRK: 1.20" in text
    assert "as expected: pyntk cpu, at most 0.50 x NumPy formula: 0.40" in text
    assert "MISSED: pyntk cpu, at most 20 us: 12 ms" in text
    assert "MISSED: pyntk cpu, at most 32 MiB: 33.0 MiB" in text
    assert "somebody absent" not in text


def test_the_difference_to_an_earlier_report():
    earlier = report(entry("gram", "pyntk cpu", 0.25, 0), entry("other", "pyntk cpu", 1.0, 0))
    text = table(measured(), earlier)
    assert line(text, "pyntk cpu", "0.65 u")[-2:] == ["-20.0", "%"]
    assert line(text, "NumPy formula", "500")[-1] == "MiB"  # it was not there
    assert "change: of the median against 2026-01-02T03:04:05, a processor" in text
    assert "another machine" not in text
    assert "another machine" in table(measured(), report(cpu="another processor"))


def test_a_quick_run_says_so():
    assert table(report(quick=True)).endswith("pyntk 9, quick")


def test_reports_of_other_suites_have_medians_and_ratios():
    plain = [entry("g", name, seconds) for name, seconds in (("a", 1.0), ("b", 3.0))]
    for bench in plain:
        bench["extra_info"] = {}
        bench["group"] = None
    text = table({"benchmarks": plain})
    assert line(text, "test[g-b]")[1:] == ["3", "s", "3.00"]
    assert "no date, unknown processor" in text


def test_reading(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(measured()))
    assert table(read_report(path)) == table(measured())
    for text in ("", "[]", "{}", '{"benchmarks": [{}]}', "\0"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"report\.json is no report of pytest-benchmark"):
            read_report(path)
