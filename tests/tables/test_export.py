"""Exported tables are whole, come back as they were, and say where they come from."""

import json

import polars as pl
import pytest

from gfplab.errors import GfplabError
from gfplab.tables.export import READABLE, SUFFIXES, export, new_folder, provenance_in, read_folder
from gfplab.tables.frames import Tables


@pytest.mark.parametrize("format", READABLE)
def test_what_is_exported_comes_back(tables, tmp_path, format):
    back = read_folder(export(tables, tmp_path / "out", format))
    assert back.provenance == tables.provenance
    assert list(back.frames) == list(tables.frames)
    for name, frame in tables.frames.items():
        assert back[name].schema == frame.schema, name
        assert back[name].equals(frame), name


@pytest.mark.parametrize("format", SUFFIXES)
def test_every_file_says_where_its_numbers_come_from(tables, tmp_path, format):
    folder = export(tables, tmp_path / "out", format)
    for name in tables.frames:
        assert provenance_in(folder / f"{name}{SUFFIXES[format]}") == tables.provenance


def test_provenance_names_scenario_policies_seed_build_and_versions(tables):
    said = tables.provenance
    assert said["schema_version"] == 1 and said["seed"] == 7
    assert said["scenario_sha256"] == "a" * 64 and said["build_hash"] == "b" * 16 and said["log_hash"] == "c" * 16
    assert said["policies"] == {"mempool_step": "linux_4_7", "throttle_vm_writeout": "less_throttle"}
    assert said["policy_sources"] == {"less_throttle": "cd" * 32, "linux_4_7": "ab" * 32}
    assert said["tunables"] == {"less_throttle.boost_pct": 25}
    assert len(said["sources_hash"]) == 16
    assert set(said["versions"]) == {"gfplab", "python", "numpy", "numba", "polars"}


def test_a_parquet_file_carries_its_provenance_alone(tables, tmp_path):
    folder = export(tables, tmp_path / "out")
    alone = (folder / "stalls.parquet").rename(tmp_path / "stalls.parquet")
    assert json.loads(pl.read_parquet_metadata(alone)["gfplab"]) == tables.provenance


def test_the_same_tables_are_written_to_the_same_bytes(tables, tmp_path):
    for format, suffix in SUFFIXES.items():
        first, second = (export(tables, tmp_path / f"{format}{i}", format) for i in (1, 2))
        for name in tables.frames:
            assert (first / f"{name}{suffix}").read_bytes() == (second / f"{name}{suffix}").read_bytes()


def test_csv_is_read_by_anything_that_skips_comments(tables, tmp_path):
    folder = export(tables, tmp_path / "out", "csv")
    frame = pl.read_csv(folder / "vmstat.csv", comment_prefix="#")
    assert frame["pswpout"].max() == 8000


def test_markdown_is_a_table_with_a_hidden_comment(tables, tmp_path):
    lines = (export(tables, tmp_path / "out", "markdown") / "pools.md").read_text().splitlines()
    assert lines[0].startswith("<!-- # gfplab: {") and lines[0].endswith("} -->")
    assert lines[1].startswith("| run | pool | element_bytes | min_nr |")
    assert lines[2] == "|" + " --- |" * tables["pools"].width
    assert lines[3].startswith("| 0 | crypt_swap.bs | 256 | 16 | 16 | 0 | 8000 |")


def test_markdown_cannot_be_read_back(tables, tmp_path):
    with pytest.raises(GfplabError, match="holds markdown, which cannot be read back"):
        read_folder(export(tables, tmp_path / "out", "markdown"))


def test_a_table_without_a_schema_here_is_exported_too(tmp_path):
    trials = Tables({"trials": pl.DataFrame({"number": [0, 1], "label": ["", "b"]})}, {"schema_version": 1})
    for format in READABLE:
        assert read_folder(export(trials, tmp_path / format, format))["trials"].height == 2


def test_half_written_output_never_remains(tables, tmp_path):
    bad = Tables({"runs": tables["runs"], "broken": None}, tables.provenance)
    with pytest.raises(AttributeError):
        export(bad, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "a" / "out") as folder:
        (folder / "runs.parquet").write_text("half")
        raise KeyboardInterrupt
    assert list((tmp_path / "a").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_sentence(tables, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(GfplabError, match=r"file/out: cannot be written \(File exists\); name another folder"):
        export(tables, tmp_path / "file" / "out")


def test_results_are_never_overwritten(tables, tmp_path):
    export(tables, tmp_path / "out")
    with pytest.raises(GfplabError, match="already exists, and results are not overwritten; name another folder"):
        export(tables, tmp_path / "out", "csv")
    (tmp_path / "empty").mkdir()
    export(tables, tmp_path / "empty")


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (None, "has no manifest.json, so gfplab did not write it"),
        ("{", "is not a manifest of gfplab"),
        ("{}", "is not a manifest of gfplab"),
        ('{"provenance": {"schema_version": 1}}', "is not a manifest of gfplab"),
        (
            '{"format": "csv", "tables": {}, "provenance": {"schema_version": 99}}',
            "schema_version is 99, this gfplab reads 1",
        ),
    ],
)
def test_a_folder_that_is_no_result_is_refused_in_a_sentence(tmp_path, manifest, sentence):
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(GfplabError, match=sentence):
        read_folder(tmp_path)


def test_a_missing_folder_and_a_missing_table_are_refused_in_a_sentence(tables, tmp_path):
    with pytest.raises(GfplabError, match="there is no such folder"):
        read_folder(tmp_path / "nowhere")
    folder = export(tables, tmp_path / "out")
    (folder / "stalls.parquet").unlink()
    with pytest.raises(GfplabError, match="a table cannot be read"):
        read_folder(folder)


def test_an_unknown_format_is_refused_before_anything_is_written(tables, tmp_path):
    with pytest.raises(GfplabError, match="format 'xlsx': not a format; write one of parquet, csv"):
        export(tables, tmp_path / "out", "xlsx")
    assert list(tmp_path.iterdir()) == []
