"""diff-runs finds the first decision at which two runs part, in a machine that is the same on both sides."""

import dataclasses

import polars as pl
import pytest

from gfplab.debug import parting as parting_module
from gfplab.debug.machine import running_frames
from gfplab.debug.page import parting_document, parting_lines
from gfplab.debug.parting import Side, first_difference, moment, parting, run_traced
from gfplab.debug.recorder import Recorder
from gfplab.run import simulate


@pytest.fixture(scope="module")
def side(storm, policies_of):
    made = {}

    def side(name):
        if name not in made:
            made[name] = run_traced(Side(name, storm, policies_of(*[name] if name != "stock" else [])))
        return made[name]

    return side


@pytest.fixture(scope="module")
def parted(side):
    return parting(side("neil_while"), side("stock"))


def test_two_policies_part_where_their_answers_first_differ(parted):
    place, (a, b) = parted.place, parted.sides
    assert a.decisions["value"][:place].equals(b.decisions["value"][:place])
    one, other = parted.row(0), parted.row(1)
    assert (one["decision"], one["plugin"], other["plugin"]) == ("mempool_step", "neil_while", "linux_4_7")
    assert (one["answer"], other["answer"][:15]) == ("WAIT(5 s)", "ALLOC(GFP_NOIO|")
    assert parted.by_answer and one["time_ns"] == other["time_ns"]


def test_the_machine_is_the_same_on_both_sides_there_and_no_more_one_decision_later(parted):
    assert parted.different == []
    arrays = [moment(side, parted.place + 1).arrays for side in parted.sides]
    assert any((arrays[0][name] != arrays[1][name]).any() for name in arrays[0] if name != "my")


def test_a_machine_that_is_not_the_same_there_is_told_of(side, monkeypatch):
    real = parting_module.moment

    def other(side, place, wanted):
        found = real(side, place, wanted)
        found.arrays["zones"]["free"][1] += side.label == "stock"
        return found

    monkeypatch.setattr(parting_module, "moment", other)
    found = parting(side("neil_while"), side("stock"))
    assert found.different == ["zones"]
    assert "B's differs in zones, which is a fault of gfplab:" in "\n".join(parting_lines(found, 2))


def test_what_each_saw_is_what_each_policy_reads(parted):
    seen = dict(parted.seen())
    assert seen["call.last"] == [2, 2] and seen["call.may_sleep"] == [1, 1]
    assert seen["my.timeout"] == [5_000_000_000, None]


def test_the_call_chain_of_who_asks_is_the_one_that_python_has_on_its_stack(parted, storm, policies_of):
    recorder, found = Recorder(policies_of(), at=parted.place), []
    recorder.on_reached = lambda: found.extend(running_frames(recorder.build))
    simulate(storm, policies_of(), 1, mode="generators", until_ns=parted.row(0)["time_ns"], attach=recorder.attach)
    recorder.raise_error()
    assert found == parted.moments[1].frames and found[0] == "mempool_alloc"


def test_the_page_says_all_of_it(parted):
    text = "\n".join(parting_lines(parted, 5))
    for words in (
        "A: neil_while\nB: stock\n",
        "  A  neil_while: WAIT(5 s)\n  B  linux_4_7: ALLOC(GFP_NOIO|",
        "what it saw",
        "The machine there, equal on both sides to the last byte:\nNode 0, zone    DMA: free ",
        " in reserve, ",
        "What followed in A: the next decisions of hog",
        "\nat the end ",
        "\npswpout ",
    ):
        assert words in text, words
    assert parting_document(parted, 5)["same_machine"] is True


def test_what_followed_begins_where_the_events_differ(parted):
    lines = parting_document(parted, 3)["next_events"]
    assert len(lines["A"]) == len(lines["B"]) == 3 and lines["A"][0] != lines["B"][0]


def test_the_same_policy_twice_never_parts(side):
    found = parting(side("stock"), side("stock"))
    assert found.place is None and "The runs are the same: " in "\n".join(parting_lines(found, 5))


def test_a_side_that_cannot_be_run_again_is_compared_without_the_machine(side):
    gone = dataclasses.replace(side("neil_while"), world=None, policies=None, why_not="a policy has changed")
    found = parting(gone, side("stock"))
    lines = parting_lines(found, 5)
    assert found.place is not None and "The machine there is not shown: a policy has changed." in lines


def test_a_parting_that_no_traced_decision_explains_is_said_to_be_one(side, storm, policies_of):
    sides = [
        run_traced(Side(name, storm, policies_of(*names)), ("mempool_free",))
        for name, names in (("a", ["neil_while"]), ("b", []))
    ]
    found = parting(*sides, ("mempool_free",))
    assert not found.by_answer
    assert "at a decision that was not traced; trace all of them." in "\n".join(parting_lines(found, 5))


def rows(*values, decision="mempool_free"):
    columns = {"time_ns": range(len(values)), "events": 0, "pid": 1, "cpu": 0, "decision": decision, "value": values}
    return pl.DataFrame(columns)


def test_the_first_difference_of_two_traces():
    assert first_difference(rows(1, 1, 0), rows(1, 1, 0)) == (None, True)
    assert first_difference(rows(1, 1, 0), rows(1, 0, 0)) == (1, True)
    assert first_difference(rows(1, 1), rows(1, 1, 0)) == (2, False)
    assert first_difference(rows(1, 1), rows(1, 1, decision="mempool_step")) == (0, False)
    assert first_difference(rows(), rows(1)) == (0, False)
