"""Why a trial is there: who proposed it, and how it differs from those most like it."""

import json

import pytest
from study_toy import STUDY, run_toy

from gfplab.cli.main import run_command_line
from gfplab.errors import StudyError
from gfplab.study.search import run_study
from gfplab.study.store import JOURNAL, written
from gfplab.study.why import explain_trial


@pytest.fixture
def folder(study, tmp_path):
    run_study(study, tmp_path / "out", run_toy)
    return tmp_path / "out"


def reason(folder, number):
    return explain_trial(folder, number)[0].reason


def test_every_trial_says_who_proposed_it_and_when(folder):
    """TPE draws by chance until it knows ten trials: the two baselines and two batches."""
    assert reason(folder, 0) == "baseline: the stock kernel, which every other trial is compared with"
    assert reason(folder, 1) == "baseline: the study file names it, and it is run before anything is searched"
    chance = "drawn by chance: tpe learns from 10 trials on, and"
    assert reason(folder, 2) == f"sampler tpe, batch 1, after 2 trials; {chance} 2 were known"
    assert reason(folder, 9) == f"sampler tpe, batch 2, after 6 trials; {chance} 6 were known"
    assert reason(folder, 10) == "sampler tpe, batch 3, after 10 trials"


def test_a_proposal_of_chance_is_told_from_one_of_the_sampler(study_of, tmp_path):
    """In a space of four points everything has soon been tried."""
    head = STUDY.partition("policy =")[0]
    text = head + 'policy = ["stock", "patient", "masked", "gentle"]\n[objectives]\n"calm.fast_path_ns" = "mean"\n'
    run_study(study_of(text), tmp_path / "out", run_toy)
    assert reason(tmp_path / "out", 21).endswith(
        "; a repetition, for chance had nothing new either: tpe proposed only what had been tried"
    )


def test_the_nearest_is_the_one_with_the_least_changed(folder):
    """Its changes are those of the table, and its effects the differences of the objectives."""
    why, found = explain_trial(folder, 15, 21)
    rows = {row["number"]: row for row in found.trials.to_dicts()}
    assert [each.distance for each in why.neighbours] == sorted(each.distance for each in why.neighbours)
    assert {each.number for each in why.neighbours} == set(range(22)) - {15}
    near, far = why.neighbours[0], why.neighbours[-1]
    assert 0 < near.distance < far.distance <= 1
    for each in (near, far):
        for name, (theirs, mine) in each.changed.items():
            assert (theirs, mine) == (rows[each.number][name], rows[15][name]) and theirs != mine
        for effect in each.effects:
            here, there = rows[15][effect.objective], rows[each.number][effect.objective]
            assert (effect.here, effect.there, effect.better) == (here, there, None if here == there else here < there)


def test_a_trial_without_a_reason_of_its_own_says_what_it_can(folder):
    """It has its sampler and its batch."""
    lines = []
    for line in (folder / JOURNAL).read_text().splitlines():
        said = json.loads(line)
        del said["crc32"]
        said.get("trial", {})["why"] = ""
        lines.append(written(said))
    (folder / JOURNAL).write_bytes(b"".join(lines))
    assert reason(folder, 2) == "sampler tpe, batch 1, after 2 trials"


def test_a_trial_that_is_not_there_is_a_sentence(folder):
    with pytest.raises(StudyError, match="this study has no trial 22; it has trials 0 to 21"):
        explain_trial(folder, 22)


def test_the_verb_prints_a_page_or_one_document(folder, capsys):
    assert run_command_line(["study", "why", str(folder), "15"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("trial 15 of Toy: ") and out.count("against trial ") == 3 and "better by " in out
    assert run_command_line(["study", "why", str(folder), "15", "--json", "--neighbours", "1"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["number"] == 15 and len(said["neighbours"]) == 1
    assert run_command_line(["study", "why", str(folder), "99"]) == 2
    assert "no trial 99" in capsys.readouterr().err
