"""docs/fidelity.md from a comparison: tables, ranks, remarks that hold and remarks that are out of date."""

import pytest

from gfplab.truth import page as pages
from gfplab.truth.page import fidelity_page
from gfplab.truth.remarks import REMARKS, Remark, sorted_out


@pytest.fixture(autouse=True)
def worlds(monkeypatch):
    monkeypatch.setattr(pages, "comparison_envelope", lambda comparison: {"cpus": [1, 1], "swap_mb_s": [20.0, 100.0]})


def too_much_out(row, metric, value):
    return value * (1.5 if metric == "pswpout" and row["cfg"] == "slow20" else 1)


def test_the_page_says_what_was_compared_how_and_with_what_result(compare):
    said = fidelity_page(compare(), "gfplab validate runs.csv --page fidelity.md")
    assert "    gfplab validate runs.csv --page fidelity.md\n" in said and "12 of 12 judgements within bounds." in said
    assert "| slow20 | 0, 3 | 2 | yes |" in said and "| rt_slow | 0 | 1 | no: measured in the host's time |" in said
    assert "| elapsed time, s | 20.2 / 20.2, x1.00 | 40.5 / 40.5, x1.00 |" in said
    assert "Tau: elapsed +1.00 (1 of 1 pairs)" in said and "Every judged median is within its bound." in said
    assert "| MB/s of the disk under the swap | 20 to 100 |" in said and "| CPUs | 1 |" in said


def test_an_error_without_a_remark_is_listed_as_unexplained(compare):
    said = fidelity_page(compare(too_much_out), "x")
    assert "Out of bounds and not explained yet: swapped out (slow20 policy 0 x1.50)" in said and "**x1.50**" in said


def test_a_remark_holds_while_its_error_is_there_and_is_out_of_date_afterwards(compare):
    remark = Remark("pswpout", "Slots are rewritten too late.", high=1.15, policies=(0, 3))
    said = fidelity_page(compare(too_much_out), "x", (remark,))
    assert "Slots are rewritten too late. (slow20 policy 0 x1.50, slow20 policy 3 x1.50)" in said
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
