"""Tables of measurements: every mistake is named, what is missing has the rig's defaults, configurations get labels."""

from pathlib import Path

import pytest

from gfplab.truth.columns import METRICS, SETTINGS, unit_of
from gfplab.truth.measured import MeasurementError, parse_only, read_measured, selected

BAD = Path(__file__).parents[1] / "files" / "bad" / "measured"
FILES = sorted(BAD.glob("*.csv"))


def table(folder, *lines):
    path = folder / "runs.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_measured(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_table_is_refused_with_every_mistake_in_its_own_line(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    with pytest.raises(MeasurementError) as problem:
        read_measured(path.name)
    assert str(problem.value) + "\n" == path.with_suffix(".err").read_text()
    assert all(line.startswith(path.name) for line in problem.value.lines) and problem.value.exit_code == 2


def test_every_answer_has_its_table():
    assert {path.stem for path in BAD.glob("*.err")} == {path.stem for path in FILES}


def test_a_missing_table_and_a_folder_are_one_sentence(tmp_path):
    with pytest.raises(MeasurementError, match="runs.csv: cannot be read"):
        read_measured(tmp_path / "runs.csv")
    with pytest.raises(MeasurementError, match="cannot be read .Is a directory."):
        read_measured(tmp_path)


def test_a_backend_that_no_simulation_can_have_is_no_mistake_but_a_row_that_is_skipped_by_name(tmp_path):
    from gfplab.truth.replay import replay

    measured = table(tmp_path, "name,policy,backend,pswpout", "mine,0,virtio,1", "yours,0,slowmem,1")
    done = replay(measured, run_job=lambda job: {"pswpout": 1.0})
    assert [(each.row["name"], each.failed) for each in done.skipped] == [("mine", False)]
    assert done.skipped[0].skipped.startswith("mine: backend: virtio is a file of the host")
    assert [each.row["name"] for each in done.done] == ["yours"]


def test_what_a_table_leaves_out_is_as_on_the_rig(tmp_path):
    row = table(tmp_path, "policy,mbps,pswpout", "1,5,10").rows[0]
    assert (row["policy"], row["mbps"], row["ram"], row["cipher"], row["min_free_kbytes"]) == (1, 5, 96, "aesni", None)
    assert row.metrics == {"pswpout": 10.0} and row["name"] == "mbps5_p1_s1"


def test_the_name_of_a_known_configuration_stands_for_its_columns_if_the_table_has_none_of_them(tmp_path):
    null, old, fast = table(tmp_path, "cfg,policy", "null20,0", "era2016_20,3", "fastpath,0").rows
    assert null["cipher"] == "null" and old["swap_bios"] == 1_000_000 and fast["work"] == "odirect"
    assert table(tmp_path, "cfg,policy,cipher", "null20,0,aesni").rows[0]["cipher"] == "aesni"


def test_an_empty_cell_is_no_measurement_and_a_counter_nobody_named_is_one(tmp_path):
    row = table(tmp_path, "cfg,policy,pswpin,pgmigrate_success", "slow20,0,,7").rows[0]
    assert row.metrics == {"pgmigrate_success": 7.0}


def test_one_name_for_two_configurations_is_told_apart_by_what_differs(tmp_path):
    measured = table(tmp_path, "cfg,policy,mbps", "a,0,5", "a,1,5", "a,0,10", "b,0,5.5")
    assert sorted(measured.labels.values()) == ["a mbps=10", "a mbps=5", "b"]
    assert [measured.label(row) for row in measured.rows] == ["a mbps=5", "a mbps=5", "a mbps=10", "b"]


def test_only_chooses_rows_and_seeds_the_first_of_each_cell(tmp_path):
    lines = [f"{cfg},{policy},{seed}" for cfg in ("slow20", "fast100") for policy in (0, 1) for seed in (3, 1, 2)]
    measured = table(tmp_path, "cfg,policy,seed", *lines)
    chosen = selected(measured, ["cfg=slow20,policy=0", "policy=1"], 2)
    assert {row["cfg"] for row in chosen.rows} == {"slow20"}
    assert [(row["policy"], row["seed"]) for row in chosen.rows] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    with pytest.raises(MeasurementError, match="--only cfg=null20: no row is so; in the file cfg is fast100, slow20"):
        selected(measured, ["cfg=null20"], None)


@pytest.mark.parametrize(
    ("only", "sentence"),
    [
        ("cfg", "--only cfg: write column=value, for example cfg=slow20,policy=0"),
        ("polcy=1", "--only polcy=1: there is no column 'polcy'; did you mean 'policy'?"),
        ("policy=9", "--only policy=9: there is no policy 9; one of: 0, 1, 2, 3, 4, 5, 6, 7"),
    ],
)
def test_a_wrong_only_is_one_sentence(only, sentence):
    with pytest.raises(MeasurementError) as problem:
        parse_only([only])
    assert str(problem.value) == sentence


def test_no_metric_has_the_name_of_a_setting_and_units_come_from_names():
    assert not set(METRICS) & set(SETTINGS) and len(set(METRICS)) == len(METRICS)
    assert [unit_of(name) for name in ("pswpin", "psi_io_full_us", "odirect_read_4096_us_per_io", "oom_kill")] == [
        "pages", "us", "us", "",
    ]  # fmt: skip
