"""Ranges of what was compared, and the one sentence about a scenario outside of them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gfplab.policy.select import select
from gfplab.truth.envelope import (
    LISTED,
    envelope_of,
    envelope_warning,
    label_of_plugins,
    outside,
    policy_label,
    properties_of,
    read_envelope,
)
from gfplab.world.scenario import load_scenario

SCENARIOS = Path(__file__).parents[2] / "studies" / "scenarios"
HOGS = {"workload": "hogs", "kernel": "v6.1", "cpus": 1, "managed_mib": 80.0, "swap_mb_s": 20.0, "policy": "stock"}
COMPARED = [
    HOGS,
    HOGS | {"swap_mb_s": 100.0, "policy": "neil_mask"},
    HOGS | {"workload": "direct I/O", "swap_mb_s": 400.0},
]


@pytest.fixture
def rig():
    return load_scenario(SCENARIOS / "rig_slow20.toml")


@pytest.fixture
def of_2016():
    return load_scenario(SCENARIOS / "s1_dm_crypt_swap.toml")


def test_an_envelope_is_the_range_of_each_number_and_every_choice_of_a_kind_of_workload():
    found = envelope_of(COMPARED)
    assert found["hogs"]["swap_mb_s"] == [20.0, 100.0] and found["direct I/O"]["swap_mb_s"] == [400.0, 400.0]
    assert found["hogs"]["policy"] == ["neil_mask", "stock"] and found["hogs"]["cpus"] == [1, 1]


def test_what_lies_inside_is_not_mentioned_and_other_workloads_do_not_widen_it():
    envelope = envelope_of(COMPARED)
    assert outside(HOGS | {"swap_mb_s": 50.0}, envelope) == []
    assert outside(HOGS | {"swap_mb_s": 400.0, "cpus": 4}, envelope) == [
        "4 CPUs (compared: 1)", "400 MB/s of the disk under the swap (compared: 20 to 100)",
    ]  # fmt: skip
    assert outside(HOGS | {"workload": "file readers", "swap_mb_s": 300.0}, envelope) == [
        "workload of file readers (compared: direct I/O, hogs)"
    ]


def test_a_limit_that_cannot_be_reached_is_none(rig):
    envelope = envelope_of([properties_of(rig)])
    lifted = replace(rig, crypts=(replace(rig.crypts[0], swap_bios=1_000_000),))
    assert "unlimited swap bios in flight (compared: 2048)" in envelope_warning(lifted, "x", envelope)
    assert properties_of(replace(rig, crypts=(replace(rig.crypts[0], swap_bios=0),)))["swap_bios"] >= 1_000_000


def test_a_policy_is_named_if_it_was_never_compared_on_a_kernel_that_was(rig, of_2016):
    envelope = envelope_of([properties_of(rig) | {"policy": name} for name in ("stock", "neil_mask")])
    assert envelope_warning(rig, "x", envelope, ["stock", "neil_mask"]) == ""
    said = envelope_warning(rig, "x", envelope, ["stock", "pool_first", "transient"])
    assert said.endswith("kernel: policy pool_first, transient (compared: neil_mask, stock)")
    assert "policy" not in envelope_warning(of_2016, "x", envelope, ["pool_first"])


def test_a_policy_is_its_plugins_and_the_tunables_that_were_changed():
    assert policy_label(select("v6.1")) == "stock"
    assert policy_label(select("v6.1", extra=("neil_mask", "throttle_2016"))) == "neil_mask+throttle_2016"
    never = select("v6.1", extra=("reserve_first",), tunables={"reserve_first.reclaim": False})
    assert policy_label(never) == "reserve_first (reclaim=False)"
    assert label_of_plugins(("linux_6_1", "neil_mask"), "v6.1") == "neil_mask"
    assert label_of_plugins((), "v6.1") == label_of_plugins(("stock",), "v6.1") == "stock"


def test_a_scenario_outside_gets_one_short_sentence_and_v4_7_a_word_more(of_2016, rig):
    said = envelope_warning(of_2016, "s1", envelope_of([properties_of(rig)]))
    assert said.startswith("s1: outside what was compared with a real kernel: kernel v4.7 (compared: v6.1)")
    assert said.endswith("; of v4.7 only its throttle was compared, re-created in a 6.1 kernel") and "\n" not in said
    assert said.count("compared:") == LISTED and " more; " in said


def test_the_disk_under_the_swap_is_found_below_dm_crypt(of_2016):
    found = properties_of(of_2016)
    assert found["swap_on"] == "dm-crypt" and found["swap_mb_s"] == 100.0 and found["pressure"] > 1


def test_a_scenario_inside_gets_none_and_neither_does_any_while_nothing_was_compared(of_2016, tmp_path):
    assert envelope_warning(of_2016, "s1", envelope_of([properties_of(of_2016) | {"policy": "stock"}])) == ""
    assert envelope_warning(of_2016, "s1", read_envelope(tmp_path / "none.json")) == ""


def test_the_envelope_is_read_from_its_file(tmp_path):
    path = tmp_path / "envelope.json"
    path.write_text(json.dumps({"ranges": {"hogs": {"cpus": [1, 2]}}}))
    assert read_envelope(path) == {"hogs": {"cpus": [1, 2]}}


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_of_the_shipped_scenarios_those_of_the_rig_are_inside_and_no_other_is(path):
    said = envelope_warning(load_scenario(path), path.stem, policies=["stock"])
    assert (said == "") == path.stem.startswith("rig_")
