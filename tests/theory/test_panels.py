"""The picture of a report: its curves, every way of drawing them, and its title."""

import numpy as np
import pytest

from pyntk.theory import Report
from pyntk.theory.panel import Panel, curve


def a_report(**fields):
    given = {"name": "name", "title": "title", "series": {}, "data": {}, "settings": {}}
    return Report(checks=(), **{**given, **fields})


@pytest.mark.parametrize(
    ("x", "y", "options"),
    [
        ([1, 2], [1, 2, 3], {}),
        ([1, 2, 3], [[1, 2, 3]], {}),
        ([1, 2, 3], [1, 2, 3], {"kind": "bars"}),
        (1, 2, {}),
        ([1, 2], [1, 2], {"spread": [1, 2, 3]}),
        ([1, 2], [1, 2], {"kind": "crosses"}),
    ],
)
def test_ragged_curves_are_refused(x, y, options):
    with pytest.raises(ValueError, match="a curve"):
        curve(x, y, **options)


KINDS = ("measured", "predicted", "bound", "points", "steps", "bars")


def every_kind(long=40):
    t = np.arange(1.0, long)
    return [
        curve(np.append(t, long), t, "bars", "bars", colour=3) if kind == "bars"
        else curve(t, t * (1 + k), kind, kind, colour=k, spread=t / 3 if k % 2 else None)
        for k, kind in enumerate(KINDS)
    ]  # fmt: skip


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_every_kind_is_drawn(scale, tmp_path):
    pytest.importorskip("matplotlib")
    panels = (
        Panel("all", "x", "$y^2$", tuple(every_kind()), scale, scale),
        Panel("few", "x", "y", tuple(every_kind(4)), scale, scale, (0.5, None), (None, 9)),
        Panel("empty", "x", "y", ()),
        Panel("nan", "x", "y", (curve([1, 2, 3], [np.nan, 1, np.inf]),), scale, scale),
        Panel("nothing known", "x", "y", (curve([1, 2], [np.nan, np.nan]),), scale, scale),
        Panel("zeros", "x", "y", (curve([0, 0], [0, 0], "", "points"),), scale, scale),
    )
    figure = a_report(panels=panels, columns=4, title="a long title, " * 30).plot()
    figure.savefig(tmp_path / "all.png", dpi=40)
    shown = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in shown] == [p.title for p in panels]
    assert len(figure.axes) == 8
    assert {text.get_text() for text in shown[0].get_legend().get_texts()} == {*KINDS}
    assert shown[0].get_xscale() == scale
    assert shown[1].get_xlim()[0] == 0.5
    assert shown[1].get_ylim()[1] == 9
    assert shown[2].get_legend() is None


def test_a_title_fits_the_picture(tmp_path):
    pytest.importorskip("matplotlib")
    figure = a_report(panels=(Panel("p", "x", "y", ()),), title="many words " * 20).plot()
    figure.savefig(tmp_path / "title.png", dpi=40)
    assert figure.get_suptitle().count("\n") >= 2
    box = figure._suptitle.get_window_extent()
    assert box.x1 <= figure.bbox.x1


def test_a_report_without_panels_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    a_report().plot().savefig(tmp_path / "none.png", dpi=40)


def test_a_picture_of_few_colours(tmp_path):
    """As small as it says, and within a shade of what matplotlib draws."""
    pytest.importorskip("matplotlib")
    from PIL import Image

    from pyntk.plot_report import DPI, save_picture

    figure = a_report(panels=(Panel("all", "x", "y", tuple(every_kind())),)).plot()
    figure.savefig(tmp_path / "every.png", dpi=DPI)
    save_picture(figure, tmp_path / "few.png")
    every, few = (np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB"), np.int64)
                  for name in ("every", "few"))  # fmt: skip
    assert every.shape == few.shape
    assert abs(every - few).mean() < 0.5
    assert (tmp_path / "few.png").stat().st_size < 0.7 * (tmp_path / "every.png").stat().st_size
