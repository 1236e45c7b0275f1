"""`when`: a question is asked only where the answers of others allow it, and elsewhere nothing is changed."""

import json
import types

import optuna
import pytest
from study_toy import PLUGINS, STUDY, run_toy

from gfplab.errors import StudyError
from gfplab.study import samplers
from gfplab.study.importance import importance_frame
from gfplab.study.plan import plan_study
from gfplab.study.samplers import left_to_chance, points
from gfplab.study.sampling import Sampling
from gfplab.study.search import resume_study, run_study
from gfplab.study.store import Trial
from gfplab.study.why import explain_trial

HEAD = STUDY.partition("[search]")[0]
SEARCH = """
[search]
"patient.tries" = { low = 2, high = 8, when = { "disk.vda.bandwidth" = { low = "100MB/s" } } }
"patient.timeout" = { when = { "patient.tries" = [2, 3, 4] } }
"masked.*" = {}
"machine.min_free_kbytes" = { low = 512, high = 4096, log = true, when = { policy = ["stock", "patient+gentle"] } }
"crypt.swap0.bios" = { choices = [16, 32, 64], scenarios = ["storm"], when = { masked.eager = true } }
"disk.vda.bandwidth" = { low = "50MB/s", high = "150MB/s", step = "25MB/s", when = { too_many_isolated = "stock" } }
"machine.swappiness" = { low = 10, high = 100, step = 10 }

[objectives]
"storm.worst_io_stall_ms" = "worst"
"calm.fast_path_ns" = "mean"
"""
TEXT = HEAD + SEARCH
ONE = TEXT.replace('"calm.fast_path_ns" = "mean"\n', "")


def with_sampler(name, text=TEXT):
    return text.replace("[policies]", f'sampler = "{name}"\n\n[policies]', 1)


def answers(study, count=200):
    """Proposals of chance, so that every corner is met."""
    return Sampling(study.space, study.objectives, study.constraints, "random", 1, 4).ask(1, count)


def test_a_question_is_asked_where_its_conditions_hold_and_nowhere_else(study_of):
    """Conditions name policies, decision points, keys of scenarios and tunables, and may be chained in any order."""
    met = set()
    for values in answers(study_of(TEXT)):
        fast = values.get("disk.vda.bandwidth", 0) >= 100_000_000
        patient = values["policy"].startswith("patient")
        expected = {
            "disk.vda.bandwidth": values["too_many_isolated"] == "stock",
            "patient.tries": patient and fast,
            "patient.timeout": patient and fast and values.get("patient.tries", 9) <= 4,
            "machine.min_free_kbytes": values["policy"] in ("stock", "patient+gentle"),
            "masked.eager": values["policy"] == "masked",
            "crypt.swap0.bios": values.get("masked.eager") is True,
            "machine.swappiness": True,
        }
        assert {name: name in values for name in expected} == expected
        met |= {name for name in expected if name in values}
    assert met == expected.keys()


def test_what_is_not_asked_is_what_scenario_and_plugin_say(study_of):
    """The run is told of nothing but the answers."""
    study = study_of(TEXT)
    for values in answers(study, 40):
        trial = study.asked(1, 1, values)
        for job in study.jobs(trial):
            named = {*job.overrides, *job.tunables}
            assert named == {name for name in values if "." in name} - (
                {"crypt.swap0.bios"} if job.scenario == "calm" else set()
            )


def test_a_float_with_steps_meets_its_own_multiples(study_of):
    """0.2 + 2 * 0.2 is not 0.6 to a computer, and still is to the study."""
    share = '"isolating.share" = { low = 0.2, high = 0.8, step = 0.2 }\n'
    text = (
        HEAD + f'[search]\n{share}"machine.swappiness" = {{ low = 0, high = 9, when = {{ "isolating.share" = 0.6 }} }}'
    )
    seen = answers(study_of(text + '\n[objectives]\n"calm.fast_path_ns" = "mean"\n'))
    with_it = [values for values in seen if abs(values.get("isolating.share", 0) - 0.6) < 1e-9]
    assert with_it and all("machine.swappiness" in values for values in with_it)
    assert sum("machine.swappiness" in values for values in seen) == len(with_it)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3", "qmc", "random"])
def test_tables_do_not_depend_on_workers(study_of, tmp_path, sampler):
    """Byte by byte, with every sampler; a column is empty where nothing was asked."""
    study = study_of(with_sampler(sampler))
    for name, workers in (("one", 1), ("two", 2), ("four", 4)):
        found = run_study(study, tmp_path / name, run_toy, workers=workers)
        for table in ("trials.parquet", "runs.parquet"):
            assert (tmp_path / name / table).read_bytes() == (tmp_path / "one" / table).read_bytes()
    for row in found.trials.filter(found.trials["origin"] == "sampler").to_dicts():
        assert (row["disk.vda.bandwidth"] is None) == (row["too_many_isolated"] != "stock")


def test_one_objective_is_searched_jointly_with_conditions(study_of, tmp_path):
    """TPE's joint model fits each group of questions that come together."""
    study = study_of(with_sampler("tpe", ONE))
    first = run_study(study, tmp_path / "a", run_toy, workers=1)
    assert first.trials.equals(run_study(study, tmp_path / "b", run_toy, workers=2).trials)


def test_a_grid_has_every_point_that_can_be_asked_once(study_of, tmp_path):
    """1 of stock where patient's are not asked, 3 tries, of which one has 2 orders."""
    text = (
        HEAD.partition("[policies]")[0].replace("trials = 22\n", 'sampler = "grid"\n')
        + '[search]\n"patient.tries" = [2, 4, 8]\n'
        + '"patient.order" = { choices = ["first", "last"], when = { "patient.tries" = 8 } }\n'
        + '"machine.swappiness" = { choices = [10, 60], when = { policy = ["stock", "masked"] } }\n'
        + '[objectives]\n"calm.fast_path_ns" = "mean"\n'
    )
    study = study_of(text)
    assert points(study.space, 1000) == 2 + 2 + 2 * 4
    found = run_study(study, tmp_path / "out", run_toy)
    rows = found.trials.filter(found.trials["origin"] == "sampler")
    names = [dimension.name for dimension in study.space.dimensions()]
    assert rows.height == 12 == rows.unique(names).height


def test_what_a_sampler_cannot_learn_is_named(study_of, monkeypatch):
    """In the plan: Gaussian process and CMA-ES learn about what every trial is asked."""
    study = study_of(TEXT)
    conditional = ["crypt.swap0.bios", "disk.vda.bandwidth", "machine.min_free_kbytes"]
    tunables = ["masked.eager", "masked.mask", "patient.timeout", "patient.tries"]
    assert sorted(left_to_chance("gp", study.space)) == sorted(conditional + tunables)
    assert "policy" in left_to_chance("cmaes", study.space)
    learning = ("tpe", "nsga2", "nsga3", "qmc", "random", "grid")
    assert not any(left_to_chance(name, study.space) for name in learning)
    monkeypatch.setattr(samplers.importlib.util, "find_spec", lambda _name: types.SimpleNamespace())
    plan = plan_study(study_of(with_sampler("gp")), PLUGINS)
    assert sorted(plan.as_json()["left_to_chance"]) == sorted(conditional + tunables)
    asked = {each["key"]: each.get("when") for each in plan.as_json()["questions"]}
    assert asked["machine.min_free_kbytes"] == ["policy = stock, patient+gentle"]
    assert asked["patient.tries"] == ["disk.vda.bandwidth = 100MB/s .. 150MB/s"]
    assert asked["machine.swappiness"] is None


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_baselines_do_not_keep_a_sampler_from_learning(study_of, tmp_path, monkeypatch, name):
    """They leave the scenarios' keys open; whatever any proposal has answered is learned about all the same."""
    learned = []
    ask = Sampling.ask

    def spy(self, batch, count):
        found = ask(self, batch, count)
        learned.append(self._learned.infer_relative_search_space(self._study, None))
        return found

    monkeypatch.setattr(Sampling, "ask", spy)
    run_study(study_of(with_sampler(name)), tmp_path / "out", run_toy)
    assert {"machine.swappiness", "policy", "crypt.swap0.bios", "patient.tries"} <= learned[-1].keys()
    journal = optuna.storages.journal.JournalFileBackend(str(tmp_path / "out" / "optuna.journal"))
    copy = optuna.load_study(study_name="Toy", storage=optuna.storages.JournalStorage(journal))
    assert copy.trials[0].state.name == "COMPLETE" and copy.trials[0].user_attrs == {"baseline": "stock"}


def test_a_baseline_is_told_as_what_would_have_been_asked(study_of):
    """patient.timeout depends on tries, which depends on a key that baselines leave to the scenario."""
    stock, patient = study_of(TEXT).baselines
    assert patient.values == {"policy": "patient", "too_many_isolated": "stock"}
    assert stock.values == {"policy": "stock", "too_many_isolated": "stock"}


def test_importance_says_what_the_trials_of_a_group_have_in_common(study_of, tmp_path):
    """And compares only those trials that were asked."""
    study = study_of(with_sampler("random").replace("trials = 22", "trials = 120"))
    found = run_study(study, tmp_path / "out", run_toy)
    rows = {row["parameter"]: row for row in found.importance.to_dicts()}
    assert rows["machine.swappiness"]["group"] == ""
    assert rows["disk.vda.bandwidth"]["group"] == "too_many_isolated = stock"
    asked = found.trials.filter(found.trials["disk.vda.bandwidth"].is_not_null())
    assert rows["disk.vda.bandwidth"]["trials"] == asked.height < found.trials.height
    bare = importance_frame(found.trials, found.shape["columns"], found.shape["ranges"], found.objectives)
    assert set(bare["importance"]) == set(found.importance["importance"])


def test_why_says_what_was_not_asked_and_why_not(study_of, tmp_path):
    """A baseline was asked nothing, so nothing is said of it."""
    run_study(study_of(TEXT), tmp_path / "out", run_toy)
    lines = [json.loads(line) for line in (tmp_path / "out" / "journal.jsonl").read_text().splitlines()]
    trials = [Trial(**line["trial"]) for line in lines[1:]]
    trial = next(each for each in trials if each.values["too_many_isolated"] != "stock" and each.origin == "sampler")
    explained, _ = explain_trial(tmp_path / "out", trial.number)
    assert explained.unasked["disk.vda.bandwidth"] == "too_many_isolated = stock"
    assert not explained.unasked.keys() & trial.values.keys()
    for other in trials:
        plugins = {"patient": "mempool_step", "masked": "mempool_step"}
        for name in explain_trial(tmp_path / "out", other.number)[0].unasked:
            plugin = name.partition(".")[0]
            assert plugin not in plugins or other.policies.get(plugins[plugin]) == plugin, "it is not in use at all"
    assert explain_trial(tmp_path / "out", 0)[0].unasked == {}


def test_a_condition_is_part_of_the_question(study_of, tmp_path):
    """Changed, the study is another one; written with dots or in a table, it is the same."""
    run_study(study_of(TEXT), tmp_path / "out", run_toy, trials=6)
    path = tmp_path / "files" / "toy.toml"
    path.write_text(TEXT.replace("masked.eager = true", '"masked.eager" = true'))
    assert resume_study(tmp_path / "out", run_toy, plugins=PLUGINS, trials=8).done == 8
    path.write_text(TEXT.replace("masked.eager = true", '"masked.eager" = false'))
    with pytest.raises(StudyError, match=r"\[search.crypt.swap0.bios.when\] masked.eager was \[true\] when the study"):
        resume_study(tmp_path / "out", run_toy, plugins=PLUGINS)


def test_a_table_of_its_own_says_the_same(study_of):
    """[search."crypt.swap0.bios".when] is `when` of that key."""
    entry = "when = { masked.eager = true } }\n"
    table = '[search."crypt.swap0.bios".when]\n"masked.eager" = true\n'
    line = '"crypt.swap0.bios" = { choices = [16, 32, 64], scenarios = ["storm"], ' + entry
    cut = (
        TEXT.replace(line, "") + '[search."crypt.swap0.bios"]\nchoices = [16, 32, 64]\nscenarios = ["storm"]\n' + table
    )
    assert study_of(cut).space == study_of(TEXT).space
