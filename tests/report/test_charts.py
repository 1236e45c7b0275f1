"""A run can be drawn without a browser, where the extra is installed; where it is not, a sentence says how."""

import importlib.util
import sys

import pytest

from gfplab.errors import GfplabError
from gfplab.report.charts import POINTS, save_chart, series
from gfplab.tables.frames import Tables

INSTALLED = importlib.util.find_spec("altair") and importlib.util.find_spec("vl_convert")


def test_a_chart_is_a_png_or_an_svg(tables, tmp_path):
    if not INSTALLED:
        with pytest.raises(GfplabError, match="is not installed"):
            save_chart(tables, tmp_path / "run.png")
        return
    assert save_chart(tables, tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in save_chart(tables, tmp_path / "run.svg").read_text()


def test_another_suffix_is_refused(tables, tmp_path):
    with pytest.raises(GfplabError, match="a chart is a .png or a .svg file"):
        save_chart(tables, tmp_path / "run.gif")


def test_a_run_without_samples_is_refused(tables, tmp_path):
    empty = Tables(tables.frames | {"vmstat": tables["vmstat"].clear()}, tables.provenance)
    with pytest.raises(GfplabError, match="the run has no sample to draw"):
        save_chart(empty, tmp_path / "run.png")


def test_without_the_extra_a_sentence_says_what_to_install(tables, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(GfplabError, match=r"altair is not installed; write pip install 'gfplab\[charts\]'"):
        save_chart(tables, tmp_path / "run.png")


def test_a_long_run_is_thinned_out_before_it_is_drawn(tables):
    many = tables["vmstat"].sample(3500, with_replacement=True, seed=1).sort("time_ns")
    assert series(many).height <= POINTS


def test_the_swap_out_rate_is_drawn_in_kib_a_second(tables):
    assert series(tables["vmstat"])["swapout_kib_s"].max() == pytest.approx(4000)
