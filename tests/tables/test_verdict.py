"""A run's verdict is a sentence and an exit code."""

from gfplab.tables.metrics import tabulate
from gfplab.tables.verdict import verdict_of


def verdict(synthetic, **changes):
    return verdict_of(tabulate(synthetic.synthetic_run(**changes)))


def test_a_run_that_came_to_its_end_is_good(synthetic):
    found = verdict(synthetic)
    assert (found.word, found.exit_code) == ("ok", 0)
    assert found.sentence == "ran 10 s of simulated time to the end"


def test_an_oom_kill_is_bad_and_says_how_many_died(synthetic):
    vmstat = synthetic.vmstat()
    vmstat["oom_kill"][-1] = 1
    found = verdict(synthetic, verdict="oom", vmstat=vmstat)
    assert (found.exit_code, found.sentence) == (1, "1 task killed for want of memory within 10 s of simulated time")


def test_a_deadlock_is_bad_and_names_who_is_blocked(synthetic):
    found = verdict(synthetic, verdict="deadlock")
    assert found.exit_code == 1
    assert found.sentence == (
        "within 10 s of simulated time tasks came to wait for elements of mempools that only they could give back; "
        "blocked: kworker/u4:0"
    )


def test_a_failed_check_is_bad_and_is_quoted(synthetic):
    found = verdict(synthetic, verdict="failed check", error="vmscan.py:99: page 7 is on two lists")
    assert (found.exit_code, found.sentence) == (1, "vmscan.py:99: page 7 is on two lists")
