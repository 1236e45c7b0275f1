"""A trial that the front surely beats does not run its remaining seeds, and everything else is as it was."""

import json
import random
from dataclasses import replace

import pytest
from study_toy import PLUGINS, STUDY, run_toy
from test_determinism import tables

from gfplab.errors import StudyError
from gfplab.study.file import EarlyStop
from gfplab.study.objectives import Constraint, Objective
from gfplab.study.outcome import read_study
from gfplab.study.sampling import Sampling
from gfplab.study.search import resume_study, run_study
from gfplab.study.stopping import Stopping
from gfplab.study.store import Trial

SEEDS = (1, 2, 3, 4, 5, 6)
RULE = "early_stop = { confidence = 0.95, min_seeds = 2 }\n"
ALL = STUDY.replace("seeds = [1, 2]", f"seeds = {list(SEEDS)}").replace("trials = 22", "trials = 42")
EARLY = RULE + ALL


def trial(number, stalls, rates=None, origin="sampler"):
    """A trial with a worst stall and a rate for each of the first seeds."""
    pairs = zip(SEEDS, stalls, rates or [100.0] * len(stalls), strict=False)
    runs = [("storm", seed, {"stall": float(stall), "rate": float(rate), "ooms": 0.0}) for seed, stall, rate in pairs]
    return Trial(number, 1, origin, "", {}, {}, {}, runs)


def objectives(over_seeds="mean"):
    return [
        Objective("storm.stall", "storm", "stall", over_seeds, "minimize", "ms"),
        Objective("storm.rate", "storm", "rate", "mean", "maximize", "KiB/s"),
    ]


def judged(one, front, over_seeds="mean", confidence=0.95):
    return Stopping(EarlyStop(confidence, 2), SEEDS, objectives(over_seeds), [], front).beaten_by(one)


FRONT = [trial(3, [10, 40, 20, 30, 15, 25])]


@pytest.mark.parametrize(
    "stalls, rates, said",
    [
        ([20, 50], [100, 100], 3),  # ten more in each seed, however much seeds differ
        ([20, 51], [90, 90.2], 3),  # worse in both
        ([20, 42], [100, 100], None),  # ten and two more: two seeds do not say enough
        ([20, 42, 31, 41], [100] * 4, 3),  # four do
        ([20, 50], [100, 101], None),  # perhaps a better rate
        ([20, 50], [101, 101], None),  # surely a better rate
        ([10, 40], [100, 100], None),  # the same, which stands beside it on the front
        ([9, 39], [100, 100], None),  # better
    ],
)
def test_of_a_mean_the_differences_seed_by_seed_have_to_be_sure(stalls, rates, said):
    assert judged(trial(9, stalls, rates), FRONT) == said


@pytest.mark.parametrize(
    "over_seeds, stalls, said",
    [
        ("worst", [41, 11], 3),  # its worst can only grow, and is beyond 40 already
        ("worst", [12, 39], None),  # surely more on average, but the others end at 40
        ("worst", [12, 40], None),  # no worse so far
        ("median", [50, 50], None),  # four seeds to come may turn any median
        ("median", [50, 50, 50, 50, 1], 3),  # of 22.5: with one to come the median is 50
    ],
)
def test_of_the_worst_and_the_median_only_what_no_further_seed_can_undo_counts(over_seeds, stalls, said):
    assert judged(trial(9, stalls), FRONT, over_seeds) == said


def test_more_confidence_asks_for_more():
    one = trial(9, [20, 49, 31])
    assert judged(one, FRONT, confidence=0.9) == 3
    assert judged(one, FRONT, confidence=0.99999) is None


def test_only_what_counts_for_the_front_can_beat_a_trial_and_baselines_run_all_their_seeds():
    """Not the infeasible, the failed, the dropped, nor who is beaten itself."""
    constraint = Constraint("no_oom", "ooms", "<=", 0.0)
    killed = replace(FRONT[0], runs=[(s, n, {**m, "ooms": 1.0}) for s, n, m in FRONT[0].runs])
    one, rule = trial(9, [20, 50]), EarlyStop(0.95, 2)
    for before in (killed, replace(FRONT[0], failure="no"), replace(FRONT[0], beaten_by=0)):
        assert Stopping(rule, SEEDS, objectives(), [constraint], [before]).stages(one) == [SEEDS]
    both = Stopping(rule, SEEDS, objectives(), [], [trial(2, [15, 45, 25, 35, 20, 30]), *FRONT])
    assert both.beaten_by(one) == 3
    assert both.stages(one) == [SEEDS[:n] for n in (2, 3, 4, 5, 6)]
    assert both.stages(replace(one, origin="baseline")) == [SEEDS]
    assert Stopping(None, SEEDS, objectives(), [], FRONT).stages(one) == [SEEDS]


def test_of_those_dropped_as_many_would_have_been_beaten_as_is_said():
    """Trials that differ as much as their noise, in storms that differ far more: at least 95 of 100."""
    chance = random.Random(3)
    dropped = wrong = 0
    for _ in range(40):
        storms = [chance.gauss(0, 5) for _ in SEEDS]
        front = []
        for number in range(25):
            level = chance.gauss(0, 1), chance.gauss(0, 1)
            stalls, rates = ([at + s + chance.gauss(0, 1) for s in storms] for at in level)
            whole = trial(number, stalls, rates)
            stopping = Stopping(EarlyStop(0.95, 2), SEEDS, objectives(), [], front)
            for seeds in stopping.stages(whole)[:-1]:
                if stopping.beaten_by(trial(number, stalls[: len(seeds)], rates)) is not None:
                    dropped += 1
                    values = [o.value(whole.measured) for o in objectives()]
                    others = ([o.value(each.measured) for o in objectives()] for each in front)
                    wrong += not any(a <= values[0] and b >= values[1] for a, b in others)
                    break
            else:
                front.append(whole)
    assert dropped > 300
    assert wrong / dropped < 0.05


def test_what_is_dropped_is_recorded_and_saves_runs(study_of, tmp_path):
    """State, seeds and rival are in the table; nobody dropped is on the front; who is on it has run all seeds."""
    seen = []
    early = run_study(study_of(EARLY), tmp_path / "early", lambda job: seen.append(job.key) or run_toy(job))
    dropped = early.trials.filter(state="dropped")
    assert dropped.height > 5
    assert set(dropped["origin"]) == {"sampler"}
    assert dropped["seeds"].is_between(2, 5).all()
    assert not dropped["pareto"].any()
    assert set(early.trials.filter(state="complete")["seeds"]) == {6}
    runs = {number: set(seeds) for number, seeds in early.runs.group_by("number").agg("seed").iter_rows()}
    for row in dropped.to_dicts():
        assert runs[row["number"]] == set(SEEDS[: row["seeds"]])
        rival = early.trials.row(row["beaten_by"], named=True)
        assert rival["batch"] < row["batch"] and rival["state"] == "complete" and rival["feasible"]
    assert len(seen) == len(set(seen)) <= early.runs.height == (early.trials["seeds"].sum()) * 2
    assert tables(read_study(tmp_path / "early")) == tables(early)
    (line,) = [
        json.loads(line)["trial"]
        for line in (tmp_path / "early" / "journal.jsonl").read_text().splitlines()
        if json.loads(line).get("trial", {}).get("number") == dropped["number"][0]
    ]
    assert line["beaten_by"] == dropped["beaten_by"][0]


def test_with_a_sampler_that_heeds_no_results_the_front_is_that_of_all_seeds(study_of, tmp_path):
    """The same proposals, so the fronts can be compared trial by trial; one in twenty dropped may be missing."""
    text = 'sampler = "random"\n'
    early = run_study(study_of(text + EARLY), tmp_path / "early", run_toy)
    whole = run_study(study_of(text + ALL), tmp_path / "whole", run_toy)
    lost = set(whole.front) - set(early.front)
    assert lost <= set(early.trials.filter(state="dropped")["number"])
    assert len(lost) <= 0.05 * early.trials.filter(state="dropped").height
    assert early.runs.height < 0.8 * whole.runs.height


def test_a_sampler_hears_of_a_dropped_trial_as_no_better_than_its_rival(study):
    """Two lucky seeds must not look like the best trial there is."""
    sampling = Sampling(study.space, study.objectives, study.constraints, "random", 1, 2)
    runs = [(s, n, {**run_toy_metrics(50, 40)}) for s in ("storm", "calm") for n in (1, 2)]
    sampling.tell(Trial(0, 0, "baseline", "stock", {}, {}, {}, runs))
    (values,) = sampling.ask(1, 1)
    fewer = [(s, n, {**run_toy_metrics(60, 30)}) for s in ("storm", "calm") for n in (1,)]
    sampling.tell(Trial(1, 1, "sampler", "", values, {}, {}, fewer, beaten_by=0))
    told = sampling.frozen(0)
    assert told[1].values == [60, 40]
    assert told[1].user_attrs["beaten_by"] == 0


def run_toy_metrics(stall, path):
    return {"worst_io_stall_ms": stall, "fast_path_ns": path, "oom_kills": 0.0, "deadlock": 0.0}


def test_wherever_it_was_killed_it_goes_on_to_the_same_trials(study_of, tmp_path):
    """Also where trials of a batch are on record that would beat others of it: here one number decides all."""

    def run(job):
        kept = job.overrides.get("machine.min_free_kbytes", 1024)
        return {**run_toy(job), "worst_io_stall_ms": kept, "fast_path_ns": kept}

    study = study_of('sampler = "random"\n' + EARLY.replace("low = 512", "low = 64"))
    whole = run_study(study, tmp_path / "whole", run)
    assert whole.trials.filter(state="dropped")["beaten_by"].n_unique() > 1
    lines = (tmp_path / "whole" / "journal.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "out").mkdir()
    for kept in range(6, len(lines), 16):  # three of a batch are on record
        (tmp_path / "out" / "journal.jsonl").write_text("".join(lines[:kept]))
        assert tables(run_study(study, tmp_path / "out", run)) == tables(whole)


def test_killed_in_the_middle_of_a_trial_it_goes_on_to_the_same_trials(study_of, tmp_path):
    whole = run_study(study_of(EARLY), tmp_path / "whole", run_toy)
    calls = []

    def run(job):
        calls.append(job)
        if len(calls) == 200:
            raise KeyError("the lights went out")
        return run_toy(job)

    with pytest.raises(KeyError):
        run_study(study_of(EARLY), tmp_path / "out", run)
    before = read_study(tmp_path / "out")
    assert before.trials.filter(state="dropped").height
    resumed = resume_study(tmp_path / "out", run_toy, plugins=PLUGINS)
    assert tables(resumed) == tables(whole)


@pytest.mark.parametrize(
    "rule, sentence",
    [
        ("{ confidence = 0.95, min_seeds = 6 }", "min_seeds = 6 is all of seeds, so nothing could be saved"),
        ("{ confidence = 95 }", "not between 0.5 and 1; write for example confidence = 0.95"),
        ("{ confidence = 0.95, min_seeds = 1 }", "min_seeds"),
        ("{ min_seeds = 2 }", "confidence"),
    ],
)
def test_a_rule_that_means_nothing_is_a_sentence(study_of, rule, sentence):
    with pytest.raises(StudyError, match=sentence) as caught:
        study_of(f"early_stop = {rule}\n" + ALL)
    assert len(caught.value.lines) == 1
