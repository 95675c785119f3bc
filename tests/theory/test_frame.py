"""The frame of the checks: presets, progress, reports and tables."""

import json

import numpy as np
import pytest

import pyntk
from pyntk.theory import Check, Report
from pyntk.theory.routine import routine
from pyntk.theory.table import table
from pyntk.theory.watch import Watch


def a_check(**fields):
    given = {
        "claim": "a <= b", "source": "Paper Thm 1 (1234.56789)", "condition": "none",
        "predicted": None, "measured": 1.0, "bound": 2.0, "holds": True,
    }  # fmt: skip
    return Check(**{**given, **fields})


def a_report(*checks, **fields):
    given = {"name": "name", "title": "title", "series": {}, "data": {}, "settings": {}}
    return Report(checks=checks, **{**given, **fields})


@routine(rows=1000, width=7)
def sample_routine(data="sphere", *, rows: int = 10, width: int = 3, seed: int = 0, watch: Watch):
    """A claim."""
    for _ in watch.over(range(4)):
        pass
    return a_report(settings={"data": data, "rows": rows, "width": width, "seed": seed})


PAPER = ("Paper", "Thm", "1")


class TestRoutine:
    def test_presets(self):
        assert sample_routine().settings["rows"] == 10
        paper = sample_routine(preset="paper", width=5)
        assert (paper.settings["rows"], paper.settings["width"]) == (1000, 5)
        assert sample_routine("digits", preset="paper").settings["data"] == "digits"

    def test_a_positional_argument_beats_the_preset(self):
        @routine(data="mnist")
        def own(data="sphere", *, watch: Watch):
            """A claim."""
            return a_report(settings={"data": data})

        assert own(preset="paper").settings["data"] == "mnist"
        assert own("digits", preset="paper").settings["data"] == "digits"

    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"preset": "fast"}, ValueError, "one of quick, paper, not 'fast'"),
            ({"row": 3}, TypeError, "has no option 'row'; it has data, rows, width, seed"),
            ({"watch": None}, TypeError, "has no option 'watch'"),
            ({"progress": 3}, TypeError, "progress must be True, False or a callable"),
        ],
    )
    def test_refuses(self, options, error, words):
        with pytest.raises(error, match=words):
            sample_routine(**options)

    def test_a_preset_of_options_that_are_not_there(self):
        with pytest.raises(TypeError, match=r"'depth'.*which are no options"):
            routine(depth=3)(sample_routine.__wrapped__)

    def test_what_help_shows(self):
        shown = str(sample_routine.__signature__)
        assert "watch" not in shown
        assert "preset: str = 'quick', progress: bool = False" in shown
        assert sample_routine.claim == "A claim."

    def test_the_norms_of_a_raw_docstring(self):
        @routine()
        def norms(*, watch: Watch):
            r"""\|W\| is small."""

        assert norms.claim == "|W| is small."


class TestWatch:
    def test_from_0_to_1_and_never_back(self):
        seen = []
        with Watch(lambda done, total: seen.append((done, total))) as watch:
            for _ in watch.over(range(3), share=0.5):
                for _ in watch.over([1, 2], share=0.9):
                    watch.inside(1, 4)
                    watch.inside(0, 4)  # a second call of the same part
                    watch.inside(3, 4)
            for _ in watch.over(range(2)):
                pass
        done = [d for d, _ in seen]
        assert done == sorted(set(done))
        assert (done[0], done[-1]) == (0, 1)
        assert {total for _, total in seen} == {1.0}
        assert any(0.5 < d < 1 for d in done)

    def test_a_routine_that_ends_early_is_done(self):
        seen = []

        @routine()
        def early(*, watch: Watch):
            """A claim."""
            for part in watch.over(range(10)):
                if part == 3:
                    break
            return a_report()

        early(progress=lambda done, total: seen.append(done))
        assert seen == [0, 0.1, 0.2, 0.3, 1]

    def test_training_is_part_of_it(self):
        seen = []
        X = pyntk.data.sphere(20, 3).X
        with Watch(lambda done, total: seen.append(done)) as watch:
            for k in watch.over(range(2)):
                net = pyntk.TwoLayer.antisymmetric(10, 3, seed=k)
                run = watch.train(net, (X, X[:, 0]), step_size=0.01, steps=2000)
                assert run.steps == 2000
        assert seen == sorted(seen)
        assert seen[0] == 0
        assert 0.5 in seen
        assert seen[-1] == 1

    def test_nobody_watches(self):
        with Watch() as watch:
            assert watch.inside is False
            assert list(watch.over([])) == []

    def test_a_bar(self, capsys):
        pytest.importorskip("tqdm")
        sample_routine(progress=True)
        assert "0%|" in capsys.readouterr().err

    def test_an_error_is_not_the_end(self):
        seen = []

        @routine()
        def failing(*, watch: Watch):
            """A claim."""
            return [1 / 0 for _ in watch.over(range(2))]

        with pytest.raises(ZeroDivisionError):
            failing(progress=lambda done, total: seen.append(done))
        assert seen == [0]

    def test_ctrl_c(self):
        """An interrupted run is a KeyboardInterrupt, and what progress raises goes through."""

        def interrupt(done, total):
            if done > 0:
                raise KeyboardInterrupt

        @routine()
        def training(*, watch: Watch):
            """A claim."""
            X = pyntk.data.sphere(20, 3).X
            for _ in watch.over(range(3)):
                net = pyntk.TwoLayer.antisymmetric(10, 3)
                watch.train(net, (X, X[:, 0]), step_size=0.01, steps=100)

        with pytest.raises(KeyboardInterrupt):
            training(progress=interrupt)

    def test_an_interrupted_run_is_no_run(self, monkeypatch):
        class Interrupted:
            interrupted = True

        monkeypatch.setattr("pyntk.theory.watch.train", lambda *_, **__: Interrupted())
        with pytest.raises(KeyboardInterrupt), Watch() as watch:
            watch.train(None, None)


class TestCheck:
    @pytest.mark.parametrize("holds", [True, np.True_])
    def test_nan_never_holds(self, holds):
        assert a_check(measured=float("nan"), holds=holds).holds is False
        assert a_check(measured=np.float32("nan"), holds=holds).holds is False
        assert a_check(measured=float("nan"), holds=None).holds is None

    def test_a_boolean_of_numpy(self):
        """Report.holds asks 'is False'."""
        assert a_check(holds=np.False_).holds is False
        assert a_check(holds=np.True_).holds is True
        assert not a_report(a_check(), a_check(holds=np.False_)).holds


class TestReport:
    def test_strict_json(self):
        """Numbers that are not finite become null; whatever else there is becomes JSON."""
        report = a_report(
            a_check(measured=float("nan"), bound=np.inf, predicted=np.float32(1)),
            series={
                "numbers": np.array([[1.0, np.nan], [-np.inf, 2]]), "flags": np.array([True]),
                "counts": np.arange(3), "one": np.array(4.5), "names": np.array(["a"]),
            },
            data={"name": "d", "n": np.int64(3), "inner": {"x": np.float64(2), 3: None}},
            settings={"widths": range(2), "q": (1, 2.5), "grid": np.eye(2), "flag": np.True_,
                      "bad": float("inf"), "type": np.dtype("f4")},
            notes=("a note",),
        )  # fmt: skip
        found = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        assert found["pyntk"] == pyntk.__version__
        assert found["holds"] is False
        assert found["series"]["numbers"] == [[1.0, None], [None, 2.0]]
        assert found["series"]["flags"] == [True]
        assert found["series"]["one"] == 4.5
        assert found["data"] == {"name": "d", "n": 3, "inner": {"x": 2.0, "3": None}}
        assert found["settings"] == {
            "widths": [0, 1], "q": [1, 2.5], "grid": [[1.0, 0.0], [0.0, 1.0]], "flag": True,
            "bad": None, "type": "float32",
        }  # fmt: skip
        assert found["checks"][0]["measured"] is None
        assert found["notes"] == ["a note"]

    def test_holds(self):
        assert a_report(a_check(), a_check(holds=None)).holds
        assert not a_report(a_check(), a_check(holds=False)).holds
        assert a_report().holds

    def test_summary(self):
        text = a_report(
            a_check(), a_check(claim="c < d", holds=False, condition="because"),
            a_check(claim="silent", holds=None, measured=None, source="Own"),
            data={"name": "d", "n": 3}, settings={"widths": (1, 20000.0)}, notes=("so it is",),
        ).summary()  # fmt: skip
        for words in (
            "name: title\ndata: name = d, n = 3\nsettings: widths = (1, 2e+04)\nnote: so it is",
            "yes    a <= b", "NO     c < d", "n/a    silent",
            "Sources: Paper Thm 1 (1234.56789); Own.",
            "NO: c < d\n     because", "n/a: silent\n     none",
            "1 of 3 checks hold, 1 failed, 1 not applicable.",
        ):  # fmt: skip
            assert words in text

    def test_summary_of_nothing(self):
        assert "0 of 0 checks hold." in a_report().summary()


def test_a_table_with_names():
    lines = table([a_check(), a_check(holds=False)], ["first", "the_second"]).splitlines()
    assert lines[0].split() == [
        "check", "holds", "claim", "predicted", "measured", "bound", "source",
    ]  # fmt: skip
    assert lines[2].split() == ["first", "yes", "a", "<=", "b", "-", "1", "2", *PAPER]
    assert lines[3].startswith("the_second  NO     a <= b")
    assert len({line.index("Paper") for line in lines[2:]}) == 1
    assert lines[0].endswith("source")
    long = a_check(claim="word " * 40)
    assert "word ..." in table([long], ["name"])
    assert max(map(len, table([long], ["name"]).splitlines())) < 140
    assert long.claim in table([long])
    with pytest.raises(ValueError, match="zip"):
        table([a_check(), a_check()], ["first"])
