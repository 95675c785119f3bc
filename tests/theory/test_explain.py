"""The whole explanation: its structure, and that it says no where the answer is no."""

import json

import numpy as np
import pytest

from pyntk.theory import explain

FIELDS = {"claim", "source", "condition", "predicted", "measured", "bound", "holds"}


def two_clusters(n, d, seed=0):
    """Labels as easy as those of the digits: the bound on the test error is below 1."""
    generator = np.random.default_rng(seed)
    y = generator.choice([-1.0, 1.0], n)
    X = 0.5 * generator.standard_normal((n, d))
    X[:, 0] += 2 * y
    return X, y


X, Y = two_clusters(120, 20)


def run(X=X, y=Y, **options):
    return explain(X, y, **{"width": 2048, "steps": 30, **options})


@pytest.fixture(scope="module")
def small():
    return run(name="clusters")


def test_structure(small):
    report = json.loads(json.dumps(small.to_dict(), allow_nan=False))
    assert {
        "pyntk",
        "name",
        "title",
        "data",
        "settings",
        "notes",
        "holds",
        "checks",
        "series",
    } == set(report)
    assert all(set(check) == FIELDS for check in report["checks"])
    assert len(report["checks"]) == 18
    assert report["settings"]["width"] == 2048
    assert report["data"]["n"] == 84
    assert report["data"]["held_out"] == 36
    assert len(report["series"]["residual_true"]) == 31
    assert np.shape(report["series"]["complexity"]) == (11, 28)  # 28 draws of 36 labels


def test_holds(small):
    assert small.holds, small.summary()
    assert all(check.holds for check in small.checks)


def test_summary(small):
    text = small.summary()
    assert "18 of 18 checks hold." in text
    assert all(check.claim in text for check in small.checks)
    assert all(check.source.rpartition(" (")[0] in text for check in small.checks)


def test_same_seed_same_report(small):
    assert run(name="clusters").to_dict() == small.to_dict()


def test_another_seed_another_start(small):
    other = run(seed=1)
    assert not np.array_equal(other.series["residual_true"], small.series["residual_true"])


def test_too_narrow():
    """Sixteen neurons are no kernel: the theorem's prediction is missed, and the report says so."""
    narrow = run(width=16)
    assert not narrow.holds
    failed = {check.source for check in narrow.checks if check.holds is False}
    assert "Arora Thm 4.1 (1901.08584)" in failed
    assert "failed" in narrow.summary()
    assert narrow.to_dict()["holds"] is False


def test_epsilon_decides():
    """The declared epsilon is what the check uses."""
    assert not run(epsilon=1e-5).holds


def test_labels_without_structure():
    """Labels that are noise already: the bound is vacuous, and nothing rises with more noise."""
    y = np.random.default_rng(7).choice([-1.0, 1.0], 120)
    noise = run(y=y)
    by_source = {check.source: check for check in noise.checks}
    assert by_source["Arora Thm 5.1, Cor 5.2 (1901.08584)"].holds is None
    assert by_source["Arora fig. 2 (1901.08584)"].holds is False


def test_duplicates_and_zero_rows():
    rows = np.concatenate([X, 3 * X[:5], np.zeros((2, 20))])
    labels = np.concatenate([Y, Y[:4], -Y[4:5], [1, 1]])
    found = run(rows, labels)
    assert (found.data["duplicates"], found.data["conflicting"]) == (5, 1)
    assert found.data["zero_rows"] == 2
    assert found.data["lambda_0"] > 0
    assert "5 rows with the direction of an earlier row were dropped, 1 of them" in found.summary()


def test_large_data_are_sampled():
    """4,000 rows: 2,000 are drawn, 500 trained on, 500 held out, and the report says so."""
    found = run(*two_clusters(4000, 5), width=64, steps=2)
    assert (found.data["n"], found.data["held_out"]) == (500, 500)
    assert "2000 of 4000 rows were drawn at random" in found.summary()


def test_singular_kernel():
    """More than d antipodal pairs: no complexity, said and not hidden; the rest still stands."""
    angle = 2 * np.pi * np.arange(40) / 40
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = run(circle, np.where(circle[:, 0] > 0.1, 1.0, -1.0), rows=38)
    assert "complexity" not in found.series
    assert any("singular" in note or "positive definite" in note for note in found.notes)
    limits = [check for check in found.checks if "Lemma 5.3" in check.source]
    assert [check.holds for check in limits] == [None, None]
    eigenvalue = next(check for check in found.checks if "Thm 3.1" in check.source)
    assert eigenvalue.holds is None
    json.dumps(found.to_dict(), allow_nan=False)
    found.summary()


def test_plot(small, tmp_path):
    pytest.importorskip("matplotlib")
    figure = small.plot()
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert len(figure.subfigs) == 4
    assert "clusters" in figure.get_suptitle()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"width": 15}, ValueError, "width must be even"),
        ({"width": 0}, ValueError, "width must be at least 1"),
        ({"width": 16.0}, TypeError, "width must be an integer"),
        ({"steps": True}, TypeError, "steps must be an integer"),
        ({"seed": -1}, ValueError, "seed"),
        ({"epsilon": 0.0}, ValueError, "epsilon must be between"),
        ({"epsilon": float("nan")}, ValueError, "epsilon must be between"),
        ({"delta": 1.0}, ValueError, "delta must be between"),
        ({"rows": 120}, ValueError, "cannot take 120 training"),
        ({"backend": "fortran"}, ValueError, "backend must be one of"),
        ({"X": X[:3], "y": Y[:3]}, ValueError, "at least 4"),
    ],
)
def test_bad_parameters(options, error, words):
    with pytest.raises(error, match=words):
        run(**options)


def test_progress_goes_to_standard_error(capsys):
    run(width=64, steps=2, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


def test_progress_without_tqdm(capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    run(width=64, steps=2, progress=True)
    assert "4 steps of work" in capsys.readouterr().err
