"""`gfplab diff-runs` from outside: folders, a scenario and two policies, and what cannot be compared."""

import json
import shutil

import pytest

from gfplab.cli.main import run_command_line

TRACED = ["--trace-decisions", "--set", "length=20ms"]
POLICY = "neil_while"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Three folders of runs: two policies, and one policy with another seed."""
    folder = tmp_path_factory.mktemp("runs")
    for name, more in (("a", ["-p", POLICY]), ("b", []), ("seed2", ["--seed", "2"]), ("few", ["-p", POLICY])):
        traced = [*TRACED, *(["--trace-decisions", "mempool_step"] if name == "few" else [])]
        assert run_command_line(["run", "s1_quarter", *traced, *more, "--out", str(folder / name)]) == 0
    return folder


@pytest.fixture
def diff(capsys):
    def diff(*arguments):
        capsys.readouterr()
        return run_command_line(["diff-runs", *(str(a) for a in arguments)]), *capsys.readouterr()

    return diff


def test_two_folders_part_where_the_runs_of_their_policies_do(diff, runs):
    code, out, err = diff(runs / "a", runs / "b")
    assert code == 0 and err == ""
    assert "neil_while: WAIT(5 s)" in out and "equal on both sides to the last byte" in out
    code, again, _err = diff("s1_quarter", "-p", POLICY, "--set", "length=20ms")
    assert code == 0 and again.split("\n", 2)[2] == out.split("\n", 2)[2]


def test_json_is_one_document(diff, runs):
    code, out, _err = diff(runs / "a", runs / "b", "--json")
    said = json.loads(out)
    assert code == 0 and said["parts"] and said["decision"]["A"]["answer"] == "WAIT(5 s)"
    assert said["same_machine"] and said["call_trace"][0] == "mempool_alloc"


def test_a_folder_whose_policy_has_changed_since_shows_no_machine(diff, runs, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(runs / "a", old)
    manifest = json.loads((old / "manifest.json").read_text())
    manifest["provenance"]["policy_sources"]["neil_while"] = "0" * 64
    (old / "manifest.json").write_text(json.dumps(manifest))
    code, out, _err = diff(old, runs / "b")
    assert code == 0 and f"The machine there is not shown: a policy has changed since {old} was made." in out


def test_what_cannot_be_compared_is_refused_in_a_sentence(diff, runs, tmp_path):
    (tmp_path / "plain").mkdir()
    for arguments, said in (
        ([runs / "a"] * 3, "3 runs are named; write two folders of results, or one scenario"),
        ([runs / "b", runs / "seed2"], "the runs differ in their seed already, not by their policies alone"),
        ([runs / "a", runs / "few"], "the runs trace different decisions; run both with the same --trace-decisions"),
        ([runs / "a", runs / "b", "-p", POLICY], "-p, --against and --set are for one SCENARIO; leave them out"),
        ([runs / "a", tmp_path / "plain"], "has no manifest.json"),
        (["s1_quater"], "no such scenario; did you mean s1_quarter?"),
    ):
        code, out, err = diff(*arguments)
        assert code == 2 and out == "" and said in err and err.count("\n") == 1, err


def test_a_folder_without_decisions_says_how_to_get_them(diff, runs, tmp_path):
    assert run_command_line(["run", "s1_quarter", "--set", "length=5ms", "--out", str(tmp_path / "bare")]) == 0
    code, _out, err = diff(tmp_path / "bare", runs / "a")
    assert code == 2 and err.endswith("bare: holds no decisions; run it again with --trace-decisions\n")
