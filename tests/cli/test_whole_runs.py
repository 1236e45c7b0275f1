"""The whole way, nothing replaced: scenario, boot, simulated kernel, tables, page."""

import json

import pytest

from gfplab.cli.main import run_command_line
from gfplab.tables.export import read_folder
from gfplab.tables.metrics import METRICS
from gfplab.tables.schema import DTYPES, TABLES

JULY_2016 = (
    "schedule schedule_timeout io_schedule_timeout congestion_wait throttle_vm_writeout shrink_zone_memcg shrink_zone "
    "do_try_to_free_pages try_to_free_pages __alloc_pages_nodemask alloc_pages_current new_slab ___slab_alloc "
    "__slab_alloc kmem_cache_alloc mempool_alloc_slab mempool_alloc bio_alloc_bioset kcryptd_crypt process_one_work "
    "worker_thread kthread ret_from_fork"
).split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The first 600 ms of the swap storm, uncompiled."""
    folder = tmp_path_factory.mktemp("runs") / "storm"
    arguments = ["run", "s1_quarter", "--pure", "--set", "length=600ms", "--out", str(folder), "--json"]
    assert run_command_line(arguments) == 0
    return folder


def test_the_stack_of_july_2016_is_found_in_the_storm_and_blamed_on_the_throttle(folder):
    stacks = read_folder(folder)["stacks"].to_dicts()
    assert [stack["cause"] for stack in stacks if stack["frames"] == JULY_2016] == ["throttle_vm_writeout"]


def test_a_real_run_fills_every_table_as_the_schema_says(folder):
    tables = read_folder(folder)
    for name, table in TABLES.items():
        frame = tables[name]
        assert frame.height > 0, name
        assert frame.columns[: len(table.columns)] == table.names
        assert [frame.schema[column.name] for column in table.columns] == [DTYPES[c.dtype] for c in table.columns]
    for name in ("stalls", "stacks", "events", "tasks"):
        assert sum(tables[name].null_count().row(0)) == 0, name


def test_stalls_stacks_and_tasks_tell_the_same_story(folder):
    tables = read_folder(folder)
    assert set(tables["stalls"]["stack_id"]) <= set(tables["stacks"]["stack_id"])
    slept = tables["tasks"]["d_ns"].sum()
    assert tables["stacks"]["total_ns"].sum() == slept
    assert tables["stalls"]["duration_ns"].sum() <= slept


def test_the_page_shows_who_naps_and_where(folder, capsys):
    assert run_command_line(["show", str(folder), "--stacks"]) == 0
    out = capsys.readouterr().out
    assert "kworker/u4:" in out and "throttle_vm_writeout" in out
    assert "Workqueue: kcryptd kcryptd_crypt [dm_crypt]" in out


def test_two_runs_with_one_seed_have_the_same_tables(folder, tmp_path, capsys):
    again = ["run", "s1_quarter", "--pure", "--set", "length=600ms", "--out", str(tmp_path / "again"), "--json"]
    run_command_line(again)
    said = json.loads(capsys.readouterr().out)
    first, second = read_folder(folder), read_folder(tmp_path / "again")
    assert first.provenance == second.provenance == said["provenance"]
    for name in TABLES:
        if name == "runs":
            assert first[name].drop("wall_s").equals(second[name].drop("wall_s"))
        else:
            assert first[name].equals(second[name]), name
    assert set(said["metrics"]) == set(METRICS)
