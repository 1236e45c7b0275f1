"""What is judged, what is out of bounds, what the tables hold; nothing is simulated here."""

import io
import json

import pytest

from gfplab.cli.output import _plain
from gfplab.errors import SimulationError
from gfplab.report.tables import print_page
from gfplab.tables.export import export, provenance_in, read_folder
from gfplab.truth.compare import tables_of
from gfplab.truth.view import document, validation_page


def page(comparison):
    out = io.StringIO()
    print_page(validation_page(comparison), out)
    return out.getvalue()


def test_a_simulator_that_is_always_right_is_within_all_bounds(compare):
    found = compare()
    assert found.out_of_bounds() == [] and len(found.done) == 6
    ranks = {order.metric: order.tau for order in found.rankings()["slow20"]}
    assert ranks == {"last_proc_end_s": 1.0, "allocstall": 1.0, "oom_kill": 1.0}


def test_each_median_out_of_its_bound_is_a_line(compare):
    found = compare(lambda row, metric, value: value * (1.2 if row["policy"] == 0 else 1.0))
    assert found.out_of_bounds() == [
        "slow20, policy 0: elapsed time 1.2 of the measured, not within 15 %",
        "slow20, policy 0: swapped out 1.2 of the measured, not within 15 %",
        "fastpath, policy 0: direct write of 4096 B 1.2 of the measured, not within 15 %",
    ]


def test_a_kill_that_the_real_kernel_did_not_have_is_out_of_bounds(compare):
    found = compare(lambda row, metric, value: 1 if metric == "oom_kill" else value)
    assert "slow20, policy 0: OOM kills measured 0, simulated 1" in found.out_of_bounds()


def test_policies_in_the_wrong_order_are_a_line_of_their_own(compare):
    found = compare(lambda row, metric, value: 500 if metric == "allocstall" else value)
    assert found.out_of_bounds() == ["slow20: direct reclaims of policy 0 is not above that of policy 3"]


def test_rows_of_the_hosts_time_are_shown_and_not_judged(compare):
    found = compare(lambda row, metric, value: value * (5 if row["icount"] == 0 else 1))
    assert found.out_of_bounds() == []
    assert "rt_slow (1 seed a policy, in the host's time: not judged)" in page(found)


def test_a_row_that_cannot_be_simulated_is_named_with_its_reason(compare):
    found = compare(refuse=lambda row: "it has two CPUs" if row["cfg"] == "rt_slow" else "")
    assert [each.row["cfg"] for each in found.skipped] == ["rt_slow"] and found.out_of_bounds() == []
    assert "not simulated: rt_slow_p0_s1: it has two CPUs" in page(found)


def test_a_simulation_that_breaks_down_costs_its_row_and_the_verdict(compare):
    def change(row, metric, value):
        if row["policy"] == 3 and row["seed"] == 2:
            raise SimulationError("law 12 is broken")
        return value

    found = compare(change)
    assert len(found.done) == 5 and found.out_of_bounds() == ["slow20_p3_s2: law 12 is broken"]


def test_a_fault_of_the_program_is_no_result(compare):
    with pytest.raises(ZeroDivisionError):
        compare(lambda row, metric, value: 1 / 0)


def test_more_workers_give_the_same(compare):
    one, three = compare(), compare(workers=3)
    assert [each.metrics for each in one.outcomes] == [each.metrics for each in three.outcomes]


def test_the_page_has_a_table_for_each_configuration_and_marks_what_is_out(compare):
    said = page(compare(lambda row, metric, value: value * (1.5 if metric == "pswpout" else 1)))
    assert "slow20 (2 seeds a policy)" in said and "1005 1508 x1.50!" in said
    assert "elapsed +1.00 (1 of 1)" in said and "10 of 12 judgements within bounds, not so:" in said


def test_the_tables_hold_every_metric_and_where_they_come_from(compare, tmp_path):
    found = compare()
    export(tables_of(found, {"measured_sha256": found.measured.sha256}), tmp_path / "out")
    tables = read_folder(tmp_path / "out")
    assert tables["validate_rows"].height == sum(len(each.row.metrics) for each in found.outcomes)
    assert tables["validate_summary"].filter(metric="touch_all_p50_ns")["within"].to_list() == [None] * 3
    assert tables["validate_ranks"]["tau"].to_list() == [1.0] * 3
    said = provenance_in(tmp_path / "out" / "validate_rows.parquet")
    assert said["schema_version"] and said["measured_sha256"] == found.measured.sha256


def test_the_document_says_the_same_and_json_can_hold_it(compare):
    said = document(compare(lambda row, metric, value: 3 if metric == "oom_kill" else value), {"warnings": []})
    text = json.dumps(_plain(said), allow_nan=False)
    assert said["within_bounds"] is False and '"ratio": null' in text
    assert said["configurations"][0]["policies"][0]["metrics"]["last_proc_end_s"]["ratio"] == 1.0
