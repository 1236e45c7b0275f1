"""`gfplab run` says what happened and leaves tables behind; the simulation is replaced by the run made by hand."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gfplab.cli.main import run_command_line
from gfplab.tables.export import read_folder
from gfplab.tables.metrics import METRICS

SCENARIO = Path(__file__).parents[2] / "studies" / "scenarios" / "s1_quarter.toml"


@pytest.fixture
def simulated(monkeypatch, tmp_path, synthetic):
    """What simulate() was called with; set `.ends` to change how it ends. The working directory is empty."""
    calls = SimpleNamespace(asked=None, ends={}, raises=None)

    def simulate(world, policies, seed, mode="compiled", check=False, progress=None):
        calls.asked = SimpleNamespace(world=world, policies=policies, seed=seed, mode=mode, check=check)
        if calls.raises:
            raise calls.raises
        return synthetic.synthetic_run(world=world, policies=policies, seed=seed, mode=mode, **calls.ends)

    monkeypatch.setitem(sys.modules, "gfplab.run", SimpleNamespace(simulate=simulate))
    monkeypatch.chdir(tmp_path)
    return calls


def run(*arguments) -> int:
    return run_command_line(["run", str(SCENARIO), *(str(argument) for argument in arguments)])


def test_a_run_prints_its_page_and_where_its_tables_are(simulated, capsys):
    assert run("--out", "here") == 0
    out = capsys.readouterr().out
    assert out.startswith("s1_quarter: ") and "verdict ok" in out and out.endswith("tables in here\n")
    assert read_folder("here")["runs"]["seed"].to_list() == [1]


def test_without_out_the_tables_go_to_a_folder_named_by_scenario_and_time(simulated):
    assert run() == run() == 0
    folders = sorted(path.relative_to(".") for path in Path("results").glob("*/*"))
    assert len(folders) == 2 and all(folder.parts[1] == "s1_quarter" for folder in folders)
    assert all((folder / "runs.parquet").exists() for folder in folders)


def test_json_is_one_document_and_nothing_else(simulated, capsys):
    assert run("--json", "--stacks", "--seed", 5) == 0
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert err == "".join(f"gfplab: warning: {warning}\n" for warning in said["warnings"])
    assert said["run"]["seed"] == 5 and set(said["metrics"]) == set(METRICS)
    assert said["blocked"]["tasks"][0]["frames"][4] == "throttle_vm_writeout"
    assert Path(said["out"], "manifest.json").exists()


def test_a_bad_verdict_leaves_with_1_and_its_tables_are_written_all_the_same(simulated, capsys):
    simulated.ends = {"verdict": "deadlock"}
    assert run("--out", "here") == 1
    assert "verdict deadlock" in capsys.readouterr().out
    assert run("--out", "there", "--json") == 1
    assert json.loads(capsys.readouterr().out)["exit_code"] == 1
    assert read_folder("here")["runs"]["verdict"].to_list() == ["deadlock"]


def test_stacks_prints_the_blocked_tasks_after_the_page(simulated, capsys):
    assert run("--stacks") == 0
    out = capsys.readouterr().out
    assert "SysRq : Show Blocked State" in out and "Workqueue: kcryptd kcryptd_crypt [dm_crypt]" in out


def test_seed_check_and_pure_reach_the_simulation(simulated):
    run()
    asked = simulated.asked
    assert (asked.seed, asked.mode, asked.check) == (1, "compiled", False)
    run("--seed", 9, "--check", "--pure")
    asked = simulated.asked
    assert (asked.seed, asked.mode, asked.check) == (9, "generators", True)


def test_a_plugin_takes_over_what_it_implements_and_the_stock_kernel_keeps_the_rest(simulated):
    run("-p", "neil_mask")
    names = simulated.asked.policies.names()
    assert names["mempool_step"] == "neil_mask" and names["get_scan_count"] == "linux_4_7"


def test_a_file_is_a_plugin_too(simulated):
    source = Path(__file__).parents[2] / "plugins" / "gfplab_plugins" / "neil_mask.py"
    Path("mine.py").write_text(source.read_text())
    assert run("-p", "mine.py") == 0
    assert simulated.asked.policies.names()["mempool_step"] == "mine"


def test_set_reaches_the_scenario_and_the_tunables(simulated):
    assert run("--set", "machine.cpus=4", "--set", "length=2s") == 0
    assert (simulated.asked.world.machine.cpus, simulated.asked.world.length_ns) == (4, 2_000_000_000)


def test_a_wrong_key_is_a_sentence(simulated, capsys):
    assert run("--set", "machine.cpuss=4") == 2
    out, err = capsys.readouterr()
    assert out == "" and "machine.cpuss" in err and "'machine.cpus'" in err and simulated.asked is None


def test_an_unknown_plugin_is_a_sentence(simulated, capsys):
    assert run("-p", "neil_msk") == 2
    assert "neil_mask" in capsys.readouterr().err and simulated.asked is None


def test_a_folder_that_exists_is_refused_before_the_simulation_begins(simulated, capsys):
    Path("here").mkdir()
    Path("here", "notes.txt").write_text("mine")
    assert run("--out", "here") == 2
    assert "here: already exists" in capsys.readouterr().err and simulated.asked is None


def test_an_interrupted_run_leaves_nothing_behind(simulated):
    simulated.raises = KeyboardInterrupt()
    assert run() == 130
    assert not Path("results").exists()


def test_the_name_of_a_shipped_scenario_will_do(simulated):
    assert run_command_line(["run", "s1_quarter"]) == 0
    assert Path(simulated.asked.world.source).stem == "s1_quarter"


def test_show_prints_the_page_again(simulated, capsys):
    run("--out", "here", "--stacks")
    after_the_run = capsys.readouterr().out
    assert run_command_line(["show", "here", "--stacks"]) == 0
    assert capsys.readouterr().out == after_the_run


def test_show_of_a_bad_run_leaves_with_0_for_showing_it_went_well(simulated, capsys):
    simulated.ends = {"verdict": "oom"}
    assert run("--out", "here") == 1
    assert run_command_line(["show", "here", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.split("tables in here\n")[-1])["verdict"] == "oom"


@pytest.mark.parametrize("format", ["csv", "arrow", "ndjson", "parquet"])
def test_an_exported_folder_can_be_shown_and_says_the_same(simulated, capsys, format):
    run("--out", "here")
    capsys.readouterr()
    assert run_command_line(["export", "here", "--format", format, "--to", "there"]) == 0
    assert capsys.readouterr().out == "8 tables in there\n"
    assert read_folder("there").provenance == read_folder("here").provenance
    for name, frame in read_folder("here").frames.items():
        assert read_folder("there")[name].equals(frame), name
