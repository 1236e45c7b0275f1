"""`gfplab study worker` and `study merge`: what they say without a server."""

import json
from pathlib import Path

from gfplab.cli.main import run_command_line
from gfplab.study import dataset
from gfplab.study.store import Trial

STUDY = """
title = "Which mempool program stalls least?"
seed = 2016
seeds = [1]
scenarios = ["s1_quarter"]
policy = ["stock", "neil_mask", "pool_first"]
[search]
"machine.min_free_kbytes" = { low = 512, high = 4096 }
[objectives]
"s1_quarter.worst_io_stall_ms" = "worst"
"""


def test_a_worker_without_a_server_says_so_and_that_it_would_not_be_reproducible(tmp_path, capsys):
    (tmp_path / "study.toml").write_text(STUDY)
    arguments = ["study", "worker", str(tmp_path / "study.toml"), "--storage", "postgresql://me:secret@127.0.0.1:1/lab"]
    assert run_command_line([*arguments, "--out", str(tmp_path / "dataset")]) == 2
    warning, sentence = capsys.readouterr().err.splitlines()
    assert warning == "free-running workers: what they propose cannot be reproduced; gfplab study run can"
    assert sentence.startswith("gfplab: --storage: no PostgreSQL server lets us in at 127.0.0.1:1/lab (")
    assert not Path(tmp_path / "dataset").exists()


def test_merge_counts_the_trials_of_each_study(tmp_path, capsys):
    for study, number in (("mine", 0), ("mine", 1), ("yours", 0)):
        runs = [("s1", 1, {"worst_io_stall_ms": 3.0})]
        dataset.add(tmp_path, study, Trial(number, 0, "sampler", "stock", {}, {}, {}, runs), "here-1")
    assert run_command_line(["study", "merge", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["studies"] == {"mine": 2, "yours": 1}
    assert run_command_line(["study", "merge", str(tmp_path)]) == 0
    assert f"mine: 2 trials in {tmp_path / 'study=mine'}" in capsys.readouterr().out


def test_merging_what_is_no_dataset_is_a_sentence(tmp_path, capsys):
    assert run_command_line(["study", "merge", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"gfplab: {tmp_path}: there is no dataset here; gfplab study worker writes one\n"
