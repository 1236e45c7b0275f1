"""docs/fidelity.md from a comparison: tables, ranks, remarks that hold and remarks that are out of date."""

import pytest

from gfplab.truth import page as pages
from gfplab.truth.page import fidelity_page
from gfplab.truth.remarks import REMARKS, Remark, sorted_out


@pytest.fixture(autouse=True)
def worlds(monkeypatch):
    monkeypatch.setattr(
        pages, "comparison_envelope", lambda comparison: {"hogs": {"cpus": [1, 1], "swap_mb_s": [20.0, 100.0]}}
    )


def too_much_out(row, metric, value):
    return value * (1.5 if metric == "pswpout" and row["cfg"] == "slow20" else 1)


def test_the_page_says_what_was_compared_how_and_with_what_result(compare):
    said = fidelity_page(compare(), "gfplab validate runs.csv --page fidelity.md")
    assert "    gfplab validate runs.csv --page fidelity.md\n" in said and "12 of 12 judgements within bounds." in said
    assert "| slow20 | 0, 3 | 2 | yes |" in said and "| rt_slow | 0 | 1 | no: measured in the host's time |" in said
    assert "| elapsed time, s | 20.2 | 20.2 | x1.00 | 40.5 | 40.5 | x1.00 |" in said
    assert "| elapsed time | within 15 % | 2 of 2 | x1.00 slow20 0 | x1.00 slow20 0 |" in said
    assert "| slow20 | +1.00 (1 of 1) |" in said and "Every judged median is within its bound." in said
    assert "| MB/s of the disk under the swap | 20 to 100 |" in said and "| CPUs | 1 |" in said
    assert "| `policy` | 0, 1, 2, 3, 4, 5, 6, 7 | must be there |" in said and "](fidelity.png)" not in said


def test_an_error_without_a_remark_is_listed_as_unexplained(compare):
    said = fidelity_page(compare(too_much_out), "x")
    assert (
        "Out of bounds and not explained yet: swapped out (`pswpout`: slow20 policy 0 x1.50)" in said
        and "**x1.50**" in said
    )


def test_a_remark_holds_while_its_error_is_there_and_is_out_of_date_afterwards(compare):
    remark = Remark("pswpout", "Slots are rewritten too late.", high=1.15, policies=(0, 3))
    said = fidelity_page(compare(too_much_out), "x", (remark,))
    assert "Slots are rewritten too late. (`pswpout`: slow20 policy 0 x1.50, slow20 policy 3 x1.50)" in said
    assert "not explained" not in said
    assert "Out of date, the error is gone: Slots" in fidelity_page(compare(), "x", (remark,))


def test_a_remark_about_one_configuration_explains_no_other(compare):
    remark = Remark("pswpout", "Only there.", high=1.15, configurations=("fast100",))
    holding, stale, unexplained = sorted_out(compare(too_much_out), (remark,))
    assert (holding, stale, len(unexplained)) == ([], [remark], 2)


def test_every_remark_of_ours_is_about_a_metric():
    from gfplab.truth.columns import METRICS

    assert {remark.metric for remark in REMARKS} <= set(METRICS)
    assert all(remark.text.endswith(".") and (remark.low > 0 or remark.high < float("inf")) for remark in REMARKS)


def test_an_order_that_was_not_measured_is_named(compare):
    def upside_down(row, metric, value):
        return 60.5 - value if metric == "last_proc_end_s" and row["cfg"] == "slow20" else value

    said = fidelity_page(compare(upside_down), "x")
    assert "| slow20 | **-1.00 (1 of 1)** |" in said
    assert "Not in the measured order: slow20, elapsed: policy 0 was measured below 3." in said


def test_a_chart_stands_beside_the_page_and_under_its_name(compare, tmp_path):
    pages.write_page(compare(), tmp_path / "docs" / "mine.md", "x")
    assert "](mine.png)" in (tmp_path / "docs" / "mine.md").read_text()
    assert 5000 < (tmp_path / "docs" / "mine.png").stat().st_size < 200_000


def test_a_trace_says_what_is_far_apart(compare):
    import polars as pl

    found = pl.DataFrame(
        {
            "what": ["issued by", "issued by"], "key": ["kblockd", "task"], "captured_per_s": [100.0, 50.0],
            "simulated_per_s": [200.0, 51.0], "captured_mean": [8.0, None], "simulated_mean": [9.5, None],
            "ratio": [2.0, 1.02], "seconds": [2.0, 2.0],
        }
    )  # fmt: skip
    said = fidelity_page(compare(), "x", traces={"a_run": found})
    assert "### a_run" in said and "| issued by kblockd | 100 | 200 | x2.00 | 8 | 9.5 |" in said
    assert "Further apart than a factor of 1.5: issued by kblockd x2.00." in said


def test_every_cost_of_the_rigs_cpu_is_listed_and_those_without_a_source_as_estimates():
    from gfplab.truth.calibration import calibration_section, costs_with_reasons
    from gfplab.world.profiles import RIG

    found = costs_with_reasons()
    assert {name: ns for name, ns, _ in found} == RIG and sum(bool(why) for _, _, why in found) >= 5
    assert all(f"`{name}`" in calibration_section() for name in RIG)
