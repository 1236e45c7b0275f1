"""What lies in the cache can be told and thrown away, and throwing away costs no study anything but time."""

import os
import time

import pytest
import study_toy
from study_toy import run_toy

from gfplab.study import cache_contents
from gfplab.study.ground import OWN_CODE
from gfplab.study.search import run_study

DAY = 86400


@pytest.fixture
def kept(study, tmp_path):
    """A cache with 3 trials of the toy study, made by the engine "new", and the first two made by "old"."""
    for engine, trials in (("old", 2), ("new", 3)):
        run_study(
            study, tmp_path / engine, run_toy, trials=trials, identity={OWN_CODE: engine}, cache=tmp_path / "runs"
        )
    return tmp_path / "runs"


def contents(kept, engine="new", plugins=study_toy.PLUGINS):
    return cache_contents.entries(kept, engine, plugins)


def test_results_are_told_by_scenario_policies_and_engine(kept):
    """The stock kernel and one policy, in two scenarios with two seeds each, by either engine."""
    rows = cache_contents.groups(contents(kept))
    assert sum(row["results"] for row in rows) == 20
    stock = [row for row in rows if row["policies"] == "stock"]
    assert [(row["scenario"], row["engine"], row["stale"], row["results"]) for row in stock] == [
        ("calm", "new", False, 2),
        ("calm", "old", True, 2),
        ("storm", "new", False, 2),
        ("storm", "old", True, 2),
    ]
    assert {row["policies"] for row in rows} >= {"stock", "patient"}
    assert all(row["bytes"] > 0 and row["days"] < 1 for row in rows)


def test_results_of_an_edited_plugin_are_stale(kept):
    """Those that used it, and no others."""
    edited = {**study_toy.PLUGINS, "patient": study_toy.replace(study_toy.PLUGINS["patient"], source_hash="edited")}
    stale = [entry for entry in contents(kept, plugins=edited) if entry.stale and entry.engine == "new"]
    assert stale and all("patient" in entry.policies for entry in stale)


def test_what_cannot_be_read_is_stale(kept):
    """A torn file, and a file of another gfplab."""
    (kept / "00").mkdir(exist_ok=True)
    (kept / "00" / "torn.json").write_text('{"of": {"scen')
    (kept / "00" / "other.json").write_text('{"worst_io_stall_ms": 3.0}')
    told = [(entry.path.name, entry.stale) for entry in contents(kept) if not entry.scenario]
    assert sorted(told) == [("other.json", True), ("torn.json", True)]


def test_stale_results_go_and_the_others_stay(kept, tmp_path):
    """With the compiled kernels of other versions; a study of this engine then runs nothing."""
    for name in ("py311-numba0.1-aaaa", "py312-numba0.2-bbbb", "mine"):
        (tmp_path / "root" / name).mkdir(parents=True)
        (tmp_path / "root" / name / "code.o").write_bytes(b"x" * 8192)
    current = tmp_path / "root" / "py312-numba0.2-bbbb"
    kernels = cache_contents.compiled(tmp_path / "root", current)
    assert [(each.path.name[:5], each.current, each.size >= 8192) for each in kernels] == [
        ("py311", False, True),
        ("py312", True, True),
    ]
    gone = cache_contents.prune(kept, contents(kept), kernels, stale=True)
    assert (gone.results, gone.folders) == (8, 1) and gone.size >= 8 * 512 + 8192
    assert {entry.engine for entry in contents(kept)} == {"new"} and len(contents(kept)) == 12
    assert sorted(path.name[:5] for path in (tmp_path / "root").iterdir()) == ["mine", "py312"]


def test_results_that_were_long_of_no_use_go(study, kept, tmp_path):
    """Being asked for counts as use."""
    for entry in contents(kept):
        os.utime(entry.path, (0, time.time() - 40 * DAY))
    run_study(study, tmp_path / "again", run_toy, trials=1, identity={OWN_CODE: "new"}, cache=kept)
    gone = cache_contents.prune(kept, contents(kept), [], older=30 * DAY)
    left = contents(kept)
    assert gone.results == 16 and len(left) == 4 and {entry.policies for entry in left} == {"stock"}


def test_the_oldest_go_until_the_rest_fits(kept):
    """Least recently used first, and no more of them than needed."""
    found = contents(kept)
    for number, entry in enumerate(found):
        os.utime(entry.path, (0, 1_000_000 + number))
    room = sum(entry.size for entry in found[-5:])
    dry = cache_contents.prune(kept, contents(kept), [], most=room, dry=True)
    assert dry.results == 15 and len(contents(kept)) == 20
    assert cache_contents.prune(kept, contents(kept), [], most=room) == dry
    assert [entry.path for entry in contents(kept)] == [entry.path for entry in found[-5:]]


def test_what_a_killed_writer_left_goes_after_an_hour(kept):
    """A younger one may be somebody's who still writes."""
    (kept / "00").mkdir(exist_ok=True)
    old, young = (kept / "00" / f".{name}.json.x.unfinished" for name in ("old", "young"))
    old.touch()
    young.touch()
    os.utime(old, (0, time.time() - 2 * 3600))
    cache_contents.prune(kept, [], [], most=1)
    assert young.exists() and not old.exists()
