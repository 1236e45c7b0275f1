"""The page about what experts expected: a tiny part of it measured, the rest made up, and the shipped one's shape."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gfplab.cli.main import run_command_line
from gfplab.policy.select import select
from gfplab.report.era_changes import FULL, METRICS, NO_NAPS, OOM, STALL, SWAPOUT, UNEXPLAINED, WRITEBACK, sentence
from gfplab.report.era_expectations import ERA_EXPECTATIONS
from gfplab.report.era_page import era_part
from gfplab.report.expectations import EXPECTATIONS
from gfplab.report.expectations_page import expectations_page
from gfplab.study.eras import CASES, ERAS, era_rows
from gfplab.study.expectations import Row, fast_path_rows, run_rows, storm_rows
from gfplab.world.scenario import load_scenario

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
    rows = storm_rows(quick) + fast_path_rows(quick)
    return expectations_page(made_up(measured, rows), made_up(measured, era_rows(quick)))


def made_up(measured, rows):
    """Every row with the figures of the run of its kind that was measured."""
    figures = {scenario: runs for (scenario, _label), runs in measured.items()}
    storm = figures["s1_dm_crypt_swap"]
    return {(row.scenario, row.label): figures.get(row.scenario, storm) * len(row.seeds) for row in rows}


def headings(page):
    return re.findall("^#.*$", page, re.MULTILINE)


def sentences(page):
    """What was expected, without what was measured."""
    return [line.partition(" Measured: ")[0] for line in page.splitlines() if line.startswith("- ")]


def test_every_expectation_has_a_sentence_a_measurement_and_a_verdict(measured):
    page = page_of(measured)
    wanted = [f"- {one.sentence}" for _title, group in (*EXPECTATIONS, *ERA_EXPECTATIONS) for one in group]
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
    monkeypatch.setattr("gfplab.study.expectations.run_rows", lambda rows, paths, report: made_up(measured, rows))
    monkeypatch.chdir(ROOT)
    assert run_command_line(["expectations", "--quick", "--out", str(tmp_path / "docs" / "page.md")]) == 0
    assert headings((tmp_path / "docs" / "page.md").read_text())[0].startswith("# What the experts expected")
    assert "written to" in capsys.readouterr().out


# what the years between changed


SHORT = {*(f"S1, quarter; {kernel}" for kernel in ERAS), *(f"S10; {kernel} slab P1 1" for kernel in ERAS)}


def shorter(row):
    """The row with less time."""
    length = "400ms" if row.scenario == "s1_quarter" else "1ms"
    return replace(row, overrides=tuple((key, length if key == "length" else value) for key, value in row.overrides))


@pytest.fixture(scope="module")
def eras():
    """S1, quarter, on both kernels for 400 ms, and these figures in every other row of the same kernel."""
    found = run_rows([shorter(row) for row in era_rows(True) if row.label in SHORT], PATHS)
    rows = {}
    for row in era_rows(True):
        kernel = dict(row.overrides)["kernel"]
        same = f"S10; {kernel} slab P1 1" if row.scenario == "s10_fast_path" else f"S1, quarter; {kernel}"
        rows[row.scenario, row.label] = next(runs for (_, label), runs in found.items() if label == same)
    return rows


def with_figure(eras, case, kernel, **figures):
    """The same with other figures for the stock kernel in one case."""
    at = CASES[case][0], f"{case}; {kernel}"
    return {**eras, at: [{**run, **figures} for run in eras[at]]}


def table(eras):
    """The lines of the first table, cell by cell."""
    lines = next(part for part in era_part(eras) if part.startswith("| scenario | metric")).splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def test_every_row_is_a_world_of_its_kernel_with_policies_that_exist():
    for row in era_rows(quick=False):
        world = load_scenario(PATHS[row.scenario], dict(row.overrides))
        assert world.kernel == row.label.partition("; ")[2].split()[0] in ERAS
        select(world.kernel, world.policies, extra=row.plugins, tunables=world.tunables)


def test_each_kernel_has_the_defaults_of_its_time():
    """v4.7 limits nothing in flight, not even on the rig, whose scenario says what v6.1 has (MODEL 18)."""
    stock = [row for row in era_rows(quick=False) if row.label.endswith(ERAS)]
    worlds = {row.label: load_scenario(PATHS[row.scenario], dict(row.overrides)) for row in stock}
    for label, world in worlds.items():
        (crypt,) = world.crypts
        limits = crypt.bios, crypt.swap_bios, crypt.page_limit_pages > 0
        assert limits == ((16, 0, False) if label.endswith("v4.7") else (64, 2048, True)), label
    assert len(worlds) == 2 * (len(CASES) - 1)


def test_v4_7_naps_and_v6_1_does_not(eras):
    old, new = (eras["s1_quarter", f"S1, quarter; {kernel}"][0] for kernel in ERAS)
    assert old["kcryptd_throttle_s"] > 0.1 and new["kcryptd_throttle_s"] == 0
    assert old["throttle_s"] >= old["kcryptd_throttle_s"] and new["gate_s"] >= 0 == old["gate_s"]
    assert old["kcryptd_stall_ms"] > 99 > new["kcryptd_stall_ms"]
    assert 0 < new["peak_writeback"] < old["peak_writeback"]
    assert old["elapsed_s"] == new["elapsed_s"] == 0.4


def test_every_case_and_metric_has_its_line(eras):
    wanted = [[case, metric.heading] for case, metrics in METRICS.items() for metric in metrics]
    lines = table(eras)
    assert [line[:2] for line in lines[: len(wanted)]] == wanted
    assert [line[0] for line in lines[len(wanted) :]] == ["S10"] * 6
    assert all(len(line) == 5 and all(line) for line in lines)


def test_where_no_worker_napped_no_reserve_was_full_during_naps(eras):
    (line,) = [line for line in table(eras) if line[:2] == ["S1", FULL.heading]]
    assert line[3] == NO_NAPS != line[2]


def test_a_sentence_names_the_mechanism_and_the_figures_with_the_change_undone(eras):
    at = "s1_dm_crypt_swap", "S1; v6.1 without limits in flight"
    undone = {**eras, at: [{**run, "peak_writeback": 98765.0} for run in eras[at]]}
    said = sentence(undone, "S1", WRITEBACK)
    assert "swap_bios" in said and "98,765" in said


def test_a_sentence_for_one_direction_is_not_said_of_the_other(eras):
    frozen = with_figure(eras, "S2", "v4.7", steady_swapout_kib_s=500.0)
    thawed = with_figure(frozen, "S2", "v6.1", steady_swapout_kib_s=30_000.0)
    assert "throttle_vm_writeout() went with v4.9" in sentence(thawed, "S2", SWAPOUT)
    slower = with_figure(frozen, "S2", "v6.1", steady_swapout_kib_s=5.0)
    assert sentence(slower, "S2", SWAPOUT) == UNEXPLAINED
    assert sentence(with_figure(eras, "S1", "v6.1", oom_kills=1.0), "S1", OOM) == UNEXPLAINED


def test_the_same_change_may_have_another_reason_in_another_scenario(eras):
    assert sentence(eras, "S1", STALL) != sentence(eras, "S2", STALL)


def test_no_line_of_the_shipped_page_is_without_an_explanation():
    shipped = (ROOT / "docs" / "expectations.md").read_text()
    assert "## What the years between changed" in shipped and UNEXPLAINED not in shipped
