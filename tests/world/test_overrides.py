"""Can every single value of a scenario be set from outside, and only that?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplab.errors import ScenarioError, StudyError
from gfplab.units import GIB, MIB
from gfplab.world.overrides import apply_overrides, parse_settings, setting_at
from gfplab.world.scenario import load_scenario
from gfplab.world.toml import read_toml

S1 = Path(__file__).parents[2] / "studies" / "scenarios" / "s1_dm_crypt_swap.toml"


@pytest.fixture
def tables():
    return read_toml(S1)


def test_a_key_is_addressed_by_the_names_of_its_tables():
    """Lists are addressed by name or comm; keys that the file does not write are set all the same."""
    world = load_scenario(
        S1,
        {
            "machine.swappiness": 10,
            "machine.zone.DMA32.managed": "2GiB",
            "machine.start.dirty_limit": "10MiB",
            "disk.vda.bandwidth": "50MB/s",
            "crypt.swap0.bios": 64,
            "swap.size": "1GiB",
            "task.hog.size": "500MiB",
            "costs.irq": "3us",
            "tunables.less_throttle.boost_pct": 50,
            "policies.throttle_vm_writeout": "less_throttle",
            "length": "2s",
        },
    )
    assert world.machine.swappiness == 10
    assert world.machine.zones[1].managed_pages == 2 * GIB // 4096
    assert world.machine.start.dirty_limit_pages == 2560
    assert world.disks[0].bandwidth_bps == 50_000_000
    assert world.crypts[0].bios == 64
    assert world.swap.size_bytes == GIB
    assert world.tasks[0].size_bytes == 500 * MIB
    assert world.costs["irq"] == 3000
    assert world.tunables == {"less_throttle.boost_pct": 50}
    assert world.policies == {"throttle_vm_writeout": "less_throttle"}
    assert world.length_ns == 2 * 10**9


def test_the_tables_themselves_stay_as_they_were(tables):
    """A study applies hundreds of overrides to one file that it has read once."""
    before = read_toml(S1)
    assert apply_overrides(tables, {"disk.vda.tags": 4, "costs.irq": "1us"})["disk"][0]["tags"] == 4
    assert tables == before


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("machine.swapines", "unknown key; did you mean 'machine.swappiness'?"),
        ("machne.cpus", "unknown key; did you mean 'machine'?"),
        ("disk.vdc.tags", "no [[disk]] is named 'vdc'; did you mean 'vdb'?"),
        ("machine.zone.Normal.managed", "no [[machine.zone]] is named 'Normal'; one of: DMA, DMA32"),
        ("crypt.swap0", "a whole table; name one value in it, such as crypt.swap0.name"),
        ("task", "a whole table; name one value in it, such as task.hog"),
        ("machine.cpus.count", "'machine.cpus' is a single value and has no parts"),
        ("task.hog.rate", None),
    ],
)
def test_an_address_that_does_not_exist_is_refused(tables, address, sentence):
    """With the nearest one that does."""
    with pytest.raises(ScenarioError) as problem:
        apply_overrides(tables, {address: 1})
    if sentence:
        assert str(problem.value) == f"--set {address}: {sentence}"


def test_a_value_that_does_not_fit_is_told_where_it_was_said():
    """Not as a mistake of the file, which is right."""
    with pytest.raises(ScenarioError) as problem:
        load_scenario(
            S1, {"machine.cpus": 0, "swap.device": "swp0", "task.hog.size": 700}, where="studies/x.toml [search]"
        )
    assert problem.value.lines == [
        "studies/x.toml [search] machine.cpus: 0 is too small; write at least 1",
        'studies/x.toml [search] task.hog.size: 700 has no unit; write a size in quotes, such as "64MiB"',
    ]


@pytest.mark.parametrize("address", ["task.hog.kind", "swap.size", "swap.device", "disk.vda.name", "machine.import"])
def test_a_mistake_is_one_line_whatever_was_written(address):
    with pytest.raises(ScenarioError) as problem:
        load_scenario(S1, {address: "a\r\nb\u2028c"})
    assert len(problem.value.lines) == 1 and r"a\r\nb\u2028c" in problem.value.lines[0]


@given(
    st.text(alphabet="abc.", max_size=9)
    | st.sampled_from(
        [
            "machine",
            "machine.start",
            "machine.zone.DMA",
            "task.hog",
            "task.hog.kind",
            "costs",
            "costs.a.b",
            "tunables.x",
        ]
        + [
            "machine.import",
            "policies.x.y",
            "swap.size.x",
            "disk.vda.name",
            "crypt.swap0.device",
            "kernel",
            ".",
            "a..b",
        ]
    ),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just([]) | st.just({"a": 1}),
)
def test_whatever_is_set_it_is_a_world_or_a_scenario_error(address, value):
    """No other exception leaves, and every line names its place."""
    try:
        assert load_scenario(S1, {address: value}).title
    except ScenarioError as problem:
        assert all(line.startswith(("--set ", str(S1))) for line in problem.lines)


def test_a_study_learns_what_kind_of_value_stands_at_an_address(tables):
    """So that it reads "10MB/s" .. "100MB/s" as numbers and writes them back as text."""
    kinds = {
        "disk.vda.bandwidth": "rate",
        "disk.vda.write": "time",
        "disk.vda.spread": "float",
        "disk.vda.congestion": "bool",
        "task.hog.size": "size",
        "machine.kernel_memory": "pages",
        "machine.min_free_kbytes": "int",
        "costs.scan_page": "time",
        "title": "text",
    }
    assert {address: setting_at(tables, address).kind for address in kinds} == kinds
    assert setting_at(tables, "task.hog.order") == ("choice", ("random", "sequential"))
    with pytest.raises(StudyError, match="^x.toml disk.sda.write: no "):
        setting_at(tables, "disk.sda.write", "x.toml", StudyError)


def test_set_reads_a_toml_value_or_else_text():
    """--set machine.cpus=4 needs no quotes, nor does --set disk.vda.write=2ms; the last of two wins."""
    assert parse_settings(["a.b=1", "a.c=50MB/s", "a.d=true", 'a.e="4"', "a.b = 2", "a.f=0.5", "a.g=x=y"]) == {
        "a.b": 2,
        "a.c": "50MB/s",
        "a.d": True,
        "a.e": "4",
        "a.f": 0.5,
        "a.g": "x=y",
    }
    with pytest.raises(
        ScenarioError, match="^--set machine.cpus: not KEY=VALUE; write for example --set machine.cpus=4$"
    ):
        parse_settings(["machine.cpus"])
