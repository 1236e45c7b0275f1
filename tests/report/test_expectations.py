"""The page about what experts expected: a tiny part of it measured, the rest made up, and the shipped one's shape."""

import re
from pathlib import Path

import pytest

from gfplab.cli.main import run_command_line
from gfplab.report.expectations import EXPECTATIONS
from gfplab.report.expectations_page import expectations_page
from gfplab.study.expectations import Row, fast_path_rows, run_rows, storm_rows

ROOT = Path(__file__).parents[2]
PATHS = {path.stem: path for path in (ROOT / "studies" / "scenarios").glob("*.toml")}


@pytest.fixture(scope="module")
def measured():
    """The figures of two very short runs."""
    storm = Row("s1_dm_crypt_swap", "P1", ("linux_4_7",), (1,), (("length", "300ms"),))
    loop = Row("s10_fast_path", "hold slab P1 1", ("linux_4_7",), (1,), (("length", "1ms"), ("machine.cpus", 1)))
    return run_rows([storm, loop], PATHS)


def page_of(measured, quick=True):
    """The page with the same figures in every row."""
    figures = {scenario: runs for (scenario, _label), runs in measured.items()}
    figures["s2_pure_anon"] = figures["s1_dm_crypt_swap"]
    rows = storm_rows(quick) + fast_path_rows(quick)
    return expectations_page({(row.scenario, row.label): figures[row.scenario] * len(row.seeds) for row in rows})


def headings(page):
    return re.findall("^#.*$", page, re.MULTILINE)


def sentences(page):
    """What was expected, without what was measured."""
    return [line.partition(" Measured: ")[0] for line in page.splitlines() if line.startswith("- ")]


def test_every_expectation_has_a_sentence_a_measurement_and_a_verdict(measured):
    page = page_of(measured)
    wanted = [f"- {one.sentence}" for _title, group in EXPECTATIONS for one in group]
    assert sentences(page) == wanted
    lines = [line for line in page.splitlines() if line.startswith("- ")]
    assert all(" Measured: " in line and ("**Holds.**" in line or "**Does not hold:**" in line) for line in lines)


def test_the_shipped_page_has_the_same_parts_and_rows(measured):
    shipped = (ROOT / "docs" / "expectations.md").read_text()
    page = page_of(measured, quick=False)
    assert headings(shipped) == headings(page)
    assert sentences(shipped) == sentences(page)
    first = [[line.split("|")[1] for line in text.splitlines() if line.startswith("|")] for text in (shipped, page)]
    assert first[0] == first[1]


def test_the_verb_writes_its_page(monkeypatch, measured, tmp_path, capsys):
    figures = {scenario: runs for (scenario, _label), runs in measured.items()}
    figures["s2_pure_anon"] = figures["s1_dm_crypt_swap"]
    monkeypatch.setattr(
        "gfplab.study.expectations.run_rows",
        lambda rows, paths, report: {(row.scenario, row.label): figures[row.scenario] for row in rows},
    )
    monkeypatch.chdir(ROOT)
    assert run_command_line(["expectations", "--quick", "--out", str(tmp_path / "docs" / "page.md")]) == 0
    assert headings((tmp_path / "docs" / "page.md").read_text())[0].startswith("# What the experts expected")
    assert "written to" in capsys.readouterr().out
