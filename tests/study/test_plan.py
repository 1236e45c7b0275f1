"""A plan is what the study then does: its counts are held against the study itself."""

from pathlib import Path

import pytest
from study_toy import PLUGINS, STUDY, run_toy

from gfplab.study import durations
from gfplab.study.cache import CachedJobs
from gfplab.study.plan import plan_study
from gfplab.study.search import run_study

CONFIRMING = STUDY.replace("[policies]", "confirm = [11, 12]\n\n[policies]", 1)


def cached(study, folder):
    return CachedJobs(run_toy, folder, study.made_of, study.stock)


def test_without_a_cache_every_run_is_counted_at_its_most(study):
    """22 trials of 2 scenarios and 2 seeds, of which 2 are baselines; nothing is run for it."""
    counted = plan_study(study, PLUGINS).counted
    assert (counted.baselines, counted.search, counted.confirm, counted.cached) == (8, 80, 0, 0)
    assert counted.to_run == 88
    assert counted.walked == 2


def test_after_the_study_the_plan_knows_all_its_runs_and_has_none_to_make(study, tmp_path):
    """Equal runs count once, as in the study: as many as run_toy was called for."""
    seen = []
    run_study(study, tmp_path / "out", lambda job: seen.append(job.key) or run_toy(job), cache=tmp_path / "runs")
    counted = plan_study(study, PLUGINS, cached(study, tmp_path / "runs")).counted
    assert counted.baselines + counted.search == counted.cached == len(set(seen)) == len(seen)
    assert counted.to_run == 0 and counted.walked == 22


def test_once_the_search_is_known_so_are_those_who_are_run_again(study_of, tmp_path):
    """Counted exactly, and found in the cache."""
    study = study_of(CONFIRMING)
    found = run_study(study, tmp_path / "out", run_toy, cache=tmp_path / "runs")
    counted = plan_study(study, PLUGINS, cached(study, tmp_path / "runs")).counted
    assert 0 < counted.confirm <= 2 * 2 * len(found.finalists)
    assert counted.to_run == 0


def test_the_seeds_of_selection_are_counted_too(study_of, tmp_path):
    """At their most before, and none of them is left to run afterwards."""
    study = study_of(CONFIRMING.replace("confirm =", "select = [21]\nconfirm ="))
    assert plan_study(study, PLUGINS).counted.select == 2 * 20
    run_study(study, tmp_path / "out", run_toy, cache=tmp_path / "runs")
    counted = plan_study(study, PLUGINS, cached(study, tmp_path / "runs")).counted
    assert counted.to_run == 0 < counted.select


def test_a_longer_study_is_known_as_far_as_the_shorter_one_went(study_of, tmp_path):
    """The batch after the last one in the cache is proposed too, and no further one."""
    short = study_of(STUDY.replace("trials = 22", "trials = 10"))
    run_study(short, tmp_path / "out", run_toy, cache=tmp_path / "runs")
    longer = study_of(STUDY)
    counted = plan_study(longer, PLUGINS, cached(longer, tmp_path / "runs")).counted
    assert counted.walked == 2 + 4 + 4 + 4
    assert 0 < counted.to_run < 88 - counted.cached + 1


def test_confirming_is_counted_at_its_most(study_of):
    """Both baselines and eight of the front, in two scenarios, with two fresh seeds."""
    assert plan_study(study_of(CONFIRMING), PLUGINS).counted.confirm == 2 * 2 * (2 + 8)


def test_a_plan_names_what_is_asked_and_with_which_policy(study):
    """A tunable that no plugin of the study reads is refused before; one that nothing searches keeps its default."""
    plan = plan_study(study, PLUGINS)
    asked = {each["key"]: each for each in plan.questions}
    assert asked["patient.timeout"]["range"] == "1ms .. 10s, log"
    assert asked["patient.tries"] == {
        "key": "patient.tries",
        "asked_with": "patient",
        "range": "2 .. 8",
        "default": "1",
    }
    assert asked["disk.vda.bandwidth"]["range"] == "50MB/s .. 150MB/s, step 25MB/s"
    assert asked["crypt.swap0.bios"]["of"] == ["storm"]
    assert plan.defaults == {"patient": ("order",)}
    assert dict(plan.policies)["too_many_isolated"] == ("stock", "isolating")


def test_a_plan_names_the_masks_that_are_never_proposed(study):
    """With the rule that they break."""
    why = [why for key, why in plan_study(study, PLUGINS).refused if key == "masked.mask"]
    assert why[0].endswith("of 16 combinations of these flags")
    assert any(each.startswith("__GFP_FS without __GFP_IO: ") for each in why)


def test_the_time_is_that_of_runs_made_before(study, tmp_path):
    """The median of them, over as many workers as there are; unknown while a scenario was never run."""
    plan = plan_study(study, PLUGINS)
    storm, calm = study.scenarios.values()
    durations.note(tmp_path, storm, 2.0)
    assert plan.seconds(tmp_path, 1) == (None, {"storm": 2.0, "calm": None})
    for seconds in (9.0, 4.0, 4.0):
        durations.note(tmp_path, calm, seconds)
    assert plan.seconds(tmp_path, 2) == (88 * 3.0 / 2, {"storm": 2.0, "calm": 4.0})


def test_scenarios_without_a_duration_are_measured_once(study, tmp_path):
    """One short run for the compiler, one that is timed."""
    jobs = {job.scenario: job for job in study.jobs(study.first_trials(1)[0])}
    seen = []
    assert durations.measure(jobs, lambda job: seen.append(job) or {}, tmp_path) == ["storm", "calm"]
    assert [job.overrides.get("length") for job in seen] == ["1ms", None, "1ms", None]
    assert durations.measure(jobs, None, tmp_path) == []


@pytest.mark.parametrize("damage", ["", "[1, ", '{"a": 1}', "[null]"])
def test_a_damaged_note_is_no_note(study, tmp_path, damage):
    durations.note(tmp_path, Path(study.path), 2.0)
    next(tmp_path.iterdir()).write_text(damage)
    assert durations.usual(tmp_path, Path(study.path)) is None
