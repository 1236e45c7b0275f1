"""One study, one table: whoever runs the trials, wherever, and in whatever order they end."""

import json
import time

import polars as pl
import pytest
from study_toy import STUDY, run_and_lose_the_worker, run_fatally, run_slowly, run_toy

from gfplab.errors import StudyError
from gfplab.study.outcome import read_study
from gfplab.study.sampling import Sampling
from gfplab.study.search import run_study


def tables(outcome):
    """Both tables as text, every digit of every float."""
    return outcome.trials.write_csv(), outcome.runs.write_csv()


def optunas_copy(folder):
    """The study as optuna.load_study finds it."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(folder / "optuna.journal")))
    return optuna.load_study(study_name="Toy", storage=storage)


@pytest.fixture
def alone(study, tmp_path):
    return tables(run_study(study, tmp_path / "alone", run_toy))


@pytest.mark.parametrize("executor", ["threads", "processes"])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_number_and_kind_of_workers_does_not_change_a_digit(study, tmp_path, alone, workers, executor):
    """Jobs that end in another order than they began give the table of one worker that does nothing at once."""
    outcome = run_study(study, tmp_path / "out", run_slowly, workers=workers, executor=executor)
    assert tables(outcome) == alone
    assert outcome.status == "done"


@pytest.mark.parametrize("workers, executor", [(2, "threads"), (4, "threads"), (4, "processes")])
def test_neither_does_it_where_trials_are_dropped_early(study_of, tmp_path, workers, executor):
    """Who is dropped depends on its own seeds and on earlier batches, not on who has ended by then."""
    text = "early_stop = { confidence = 0.95, min_seeds = 2 }\n" + STUDY.replace("[1, 2]", "[1, 2, 3, 4]")
    alone = run_study(study_of(text), tmp_path / "alone", run_toy)
    assert alone.trials.filter(state="dropped").height
    run_study(study_of(text), tmp_path / "out", run_slowly, workers=workers, executor=executor)
    for table in ("trials.parquet", "runs.parquet"):
        assert (tmp_path / "out" / table).read_bytes() == (tmp_path / "alone" / table).read_bytes()


def test_trials_are_told_in_number_order_although_they_end_in_another(study, tmp_path, alone):
    """Trial 0 ends last of its batch and is the last of it in the journal; the search does not notice."""

    def run(job):
        time.sleep(0 if job.policies else 0.2)
        return run_toy(job)

    outcome = run_study(study, tmp_path / "out", run, workers=5)
    lines = (tmp_path / "out" / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["trial"]["number"] for line in lines[1:3]] == [1, 0]
    assert tables(outcome) == alone
    told = optunas_copy(tmp_path / "out").get_trials(deepcopy=False)
    names = [objective.name for objective in outcome.objectives]
    assert [tuple(trial.values) for trial in told] == outcome.trials.select(names).rows()


def test_a_dashboard_finds_in_optunas_copy_who_breaks_a_constraint(study, tmp_path):
    """By name, and in the list without names that optuna-dashboard reads; whoever keeps all has nothing above 0."""
    found = run_study(study, tmp_path / "out", run_toy)
    broken = dict(found.trials.select("number", "violated").rows())
    told = optunas_copy(tmp_path / "out").get_trials(deepcopy=False)
    assert any(broken.values()) and not all(broken.values())
    for trial in told:
        listed = trial.system_attrs["constraints"]
        assert any(value > 0 for value in listed) == bool(broken[trial.number])
        assert listed == [trial.constraints[each.name] for each in found.constraints]


@pytest.mark.parametrize("sampler", ["random", "tpe", "nsga2"])
def test_a_batch_is_drawn_from_its_number_and_the_trials_before_it(study, sampler):
    """Not from how many numbers were drawn on the way: batch 5 asked at once is batch 5 asked after four others."""

    def sampling():
        return Sampling(study.space, study.objectives, study.constraints, sampler, 7, 4)

    at_once, after_others = sampling(), sampling()
    for batch in (1, 2, 3, 4):
        after_others.ask(batch, 1)
    fresh = sampling()
    fresh.ask(99, 4)
    assert at_once.ask(5, 4) == after_others.ask(5, 4) != fresh.ask(6, 4)


def test_the_files_are_equal_byte_by_byte(study, tmp_path):
    """trials.parquet and runs.parquet of two workers, and of four, are those of one."""
    for name, workers in (("one", 1), ("two", 2), ("four", 4)):
        run_study(study, tmp_path / name, run_slowly, workers=workers)
    for table in ("trials.parquet", "runs.parquet"):
        assert len({(tmp_path / name / table).read_bytes() for name in ("one", "two", "four")}) == 1


def test_a_killed_worker_process_costs_time_and_nothing_else(study, tmp_path, alone):
    """Workers that die under some of their jobs are replaced, and the table is the same."""
    outcome = run_study(study, tmp_path / "out", run_and_lose_the_worker, workers=2, executor="processes")
    assert list((tmp_path / "files").glob("lost-*")), "no worker was killed"
    assert tables(outcome) == alone


def test_a_simulation_that_kills_every_worker_is_named(study, tmp_path):
    """It is not given out for ever."""
    with pytest.raises(
        StudyError, match="storm, seed 1: the worker process was killed again and again while it ran this"
    ):
        run_study(study, tmp_path / "out", run_fatally, executor="processes")


def test_reading_the_folder_gives_what_running_gave(study, tmp_path, alone):
    """`study show` needs neither plugins nor scenarios."""
    run_study(study, tmp_path / "out", run_toy)
    for file in (tmp_path / "files").iterdir():
        file.unlink()
    shown = read_study(tmp_path / "out")
    assert tables(shown) == alone
    assert shown.status == "done" and shown.done == shown.wanted == 22
    assert pl.read_parquet(tmp_path / "out" / "trials.parquet").equals(shown.trials)


def test_the_order_of_keys_in_the_file_does_not_matter(study_of, tmp_path, alone):
    """[search] is a set of questions, not a list."""
    from study_toy import STUDY

    head, search, objectives = STUDY.partition("[search]\n")[0], *STUDY.partition("[search]\n")[2].split("\n\n", 1)
    swapped = head + "[search]\n" + "\n".join(reversed(search.splitlines())) + "\n\n" + objectives
    assert tables(run_study(study_of(swapped), tmp_path / "out", run_toy))[1] == alone[1]


def test_equal_jobs_are_run_once(study_of, tmp_path):
    """Where a scenario does not feel what a trial changes, its run is taken from an earlier trial."""
    from study_toy import STUDY

    seen = []
    narrow = (
        STUDY.partition("[policies]")[0]
        + '[search]\n"crypt.swap0.bios" = { choices = [16, 32], scenarios = ["storm"] }\n'
    )
    narrow = narrow.replace('policy = ["stock", "patient", ["patient", "gentle"], "masked"]\n', "")
    study = study_of(narrow + '[objectives]\n"calm.fast_path_ns" = "mean"\n')
    outcome = run_study(study, tmp_path / "out", lambda job: seen.append(job.key) or run_toy(job))
    assert len(seen) == len(set(seen)) < outcome.runs.height
    assert outcome.runs.height == 22 * 4


@pytest.mark.parametrize(
    "workers, executor, sentence",
    [
        (1, "treads", "--executor: 'treads' is none of threads, processes, dask://HOST:PORT"),
        (0, "threads", "--workers: 0 workers cannot run anything; write 1 or more"),
    ],
)
def test_workers_that_do_not_exist_are_named(study, tmp_path, workers, executor, sentence):
    """Before anything is run."""
    with pytest.raises(StudyError) as caught:
        run_study(study, tmp_path / "out", run_toy, workers=workers, executor=executor)
    assert str(caught.value) == sentence
