"""Every sampler proposes what the study allows, the same at any time; two of them cover a space without learning."""

import itertools
import sys
import types

import pytest
from study_toy import PLUGINS, STUDY, run_toy

from gfplab.errors import StudyError
from gfplab.study import samplers
from gfplab.study.plan import plan_study
from gfplab.study.samplers import halton, new_sampler, points
from gfplab.study.sampling import Sampling
from gfplab.study.search import run_study

HEAD = STUDY.partition("policy =")[0].replace("trials = 22\n", "")
OBJECTIVE = '\n[objectives]\n"calm.fast_path_ns" = "mean"\n'
GRID = (
    HEAD
    + 'sampler = "grid"\npolicy = ["stock", "patient", "masked"]\n[search]\n"patient.tries" = [2, 4, 8]\n'
    + '"patient.timeout" = { low = "1s", high = "3s", step = "1s" }\n"masked.eager" = {}\n'
    + '"machine.min_free_kbytes" = [512, 1024]\n'
    + OBJECTIVE
)


def proposals(study, batches=3):
    """What batch after batch proposes when nothing is told."""
    sampling = Sampling(study.space, study.objectives, study.constraints, study.sampler, study.seed, study.batch)
    return [values for batch in range(1, batches + 1) for values in sampling.ask(batch, study.batch)]


def study_columns(study):
    return [dimension.name for dimension in study.space.dimensions()]


@pytest.mark.parametrize("name", ["tpe", "nsga2", "nsga3", "random", "qmc"])
def test_two_runs_of_a_study_propose_the_same(study_of, tmp_path, name):
    """With different numbers of workers; every proposal lies in the space, and asks nothing of a policy not chosen."""
    study = study_of(STUDY.replace("[policies]", f'sampler = "{name}"\n\n[policies]', 1))
    first = run_study(study, tmp_path / "a", run_toy)
    second = run_study(study, tmp_path / "b", run_toy, workers=3)
    assert first.trials.equals(second.trials)
    for row in first.trials.filter(first.trials["origin"] == "sampler").to_dicts():
        if row["policy"] == "masked":
            assert row["patient.timeout"] is None and row["masked.eager"] is not None
        if row["policy"] == "patient":
            assert row["masked.mask"] is None and 2 <= row["patient.tries"] <= 8


def test_a_grid_is_every_point_once_and_the_study_ends_with_it(study_of, tmp_path):
    """Conditional questions too: stock 2, patient 3 x 3 x 2, masked 2 x 2, beside the stock kernel."""
    study = study_of(GRID)
    assert study.trials == 1 + 2 + 18 + 4
    found = run_study(study, tmp_path / "out", run_toy)
    rows = found.trials.filter(found.trials["origin"] == "sampler")
    asked = {(r["policy"], r["patient.tries"], r["patient.timeout"]) for r in rows.to_dicts()}
    seconds = [n * 10**9 for n in (1, 2, 3)]
    assert {each for each in asked if each[0] == "patient"} == {
        ("patient", *each) for each in itertools.product((2, 4, 8), seconds)
    }
    assert rows.height == 24 == rows.drop("number", "batch").unique(study_columns(study)).height
    assert found.status == "done"


def test_trials_bound_a_grid(study_of):
    """The first of it; and a plan knows them all, for nothing has to be learned."""
    study = study_of(GRID.replace("batch = 4", "batch = 4\ntrials = 9"))
    assert study.trials == 9
    assert plan_study(study, PLUGINS).counted.walked == 9
    assert points(study.space, 1000) == 24


def test_a_sequence_covers_a_range_more_evenly_than_chance(study_of):
    """Of 48 numbers every 16th of the range has its share, to one more or less; of those of chance it has not."""
    study = study_of(HEAD + '[search]\n"machine.dirty_ratio" = { low = 1, high = 96 }\n' + OBJECTIVE)

    def per_sixteenth(name):
        sampling = Sampling(study.space, study.objectives, study.constraints, name, 3, 12)
        seen = [values["machine.dirty_ratio"] for batch in range(1, 5) for values in sampling.ask(batch, 12)]
        return [sum((value - 1) // 6 == place for value in seen) for place in range(16)]

    assert set(per_sixteenth("qmc")) <= {2, 3, 4}
    assert min(per_sixteenth("random")) < 2


@pytest.mark.parametrize("base", [2, 3, 5, 7, 11, 31])
def test_a_whole_turn_of_the_sequence_has_every_digit_once(base):
    assert sorted(round(halton(index, base) * base, 9) for index in range(base)) == list(range(base))


@pytest.mark.parametrize("name, package", [("gp", "torch"), ("cmaes", "cmaes")])
def test_a_sampler_whose_package_is_missing_says_which(study_of, monkeypatch, name, package):
    """Before anything is run."""
    monkeypatch.setattr(samplers.importlib.util, "find_spec", lambda _name: None)
    text = HEAD + f'sampler = "{name}"\npolicy = ["stock", "patient"]\n' + OBJECTIVE
    with pytest.raises(StudyError, match=f'sampler: {name} needs the package {package}; write pip install "gfplab'):
        study_of(text)
    monkeypatch.setattr(samplers.importlib.util, "find_spec", lambda _name: types.SimpleNamespace())
    assert study_of(text).sampler == name


def test_cmaes_and_gp_are_optunas(monkeypatch):
    """They are built from the batch's seed; the packages behind them are loaded when they first propose."""
    import optuna

    threads = []
    monkeypatch.setitem(sys.modules, "cmaes", types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(set_num_threads=threads.append))
    assert isinstance(new_sampler("gp", 2, 4)(1), optuna.samplers.GPSampler)
    assert threads == [1], "what the sampler proposes would depend on the cores of the machine"
    assert isinstance(new_sampler("cmaes", 1, 4)(1), optuna.samplers.CmaEsSampler)


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_children_inherit_although_baselines_lie_outside_the_space(study_of, tmp_path, name):
    """The baselines say nothing of min_free_kbytes, and only some trials have a time-out: chance would draw one twice
    in a range of ten thousand million nanoseconds never."""
    study = study_of(STUDY.replace("[policies]", f'sampler = "{name}"\n\n[policies]', 1).replace("= 22", "= 50"))
    found = run_study(study, tmp_path / name, run_toy).trials
    timeouts = found.filter(found["origin"] == "sampler")["patient.timeout"].drop_nulls()
    assert timeouts.n_unique() < 0.8 * len(timeouts)
    reserves = found.filter(found["origin"] == "sampler")["machine.min_free_kbytes"]
    assert reserves[:8].n_unique() == 8 and reserves[8:].n_unique() < 0.8 * len(reserves[8:])
