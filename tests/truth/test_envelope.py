"""Ranges of what was compared, and the one sentence about a scenario outside of them."""

import json
from pathlib import Path

import pytest

from gfplab.truth.envelope import envelope_of, envelope_warning, outside, properties_of, read_envelope
from gfplab.world.scenario import load_scenario

SCENARIOS = Path(__file__).parents[2] / "studies" / "scenarios"
COMPARED = [
    {"kernel": "v6.1", "cpus": 1, "managed_mib": 80.0, "swap_mb_s": 20.0, "swap_on": "dm-crypt"},
    {"kernel": "v6.1", "cpus": 1, "managed_mib": 80.0, "swap_mb_s": 100.0, "swap_on": "dm-crypt"},
]


@pytest.fixture
def world():
    return load_scenario(SCENARIOS / "s1_dm_crypt_swap.toml")


def test_an_envelope_is_the_range_of_each_number_and_every_choice():
    assert envelope_of(COMPARED) == {
        "cpus": [1, 1], "kernel": ["v6.1"], "managed_mib": [80.0, 80.0], "swap_mb_s": [20.0, 100.0],
        "swap_on": ["dm-crypt"],
    }  # fmt: skip


def test_what_lies_inside_is_not_mentioned():
    envelope = envelope_of(COMPARED)
    assert outside(COMPARED[0] | {"swap_mb_s": 50.0}, envelope) == []
    assert outside({"swap_mb_s": 400.0, "cpus": 4}, envelope) == [
        "400 MB/s of the disk under the swap (compared: 20 to 100)", "4 CPUs (compared: 1)",
    ]  # fmt: skip


def test_a_scenario_outside_gets_one_sentence_and_v4_7_a_word_more(world):
    said = envelope_warning(world, "s1", envelope_of(COMPARED))
    assert said.startswith("s1: outside what was compared with a real kernel: kernel v4.7 (compared: v6.1), 2 CPUs")
    assert said.endswith("; of v4.7 only its throttle was compared, re-created in a 6.1 kernel") and "\n" not in said


def test_the_disk_under_the_swap_is_found_below_dm_crypt(world):
    found = properties_of(world)
    assert found["swap_on"] == "dm-crypt" and found["swap_mb_s"] == 100.0 and found["pressure"] > 1


def test_a_scenario_inside_gets_none_and_neither_does_any_while_nothing_was_compared(world, tmp_path):
    assert envelope_warning(world, "s1", envelope_of([properties_of(world)])) == ""
    assert envelope_warning(world, "s1", read_envelope(tmp_path / "none.json")) == ""


def test_the_envelope_is_read_from_its_file(tmp_path):
    path = tmp_path / "envelope.json"
    path.write_text(json.dumps({"ranges": {"cpus": [1, 2]}}))
    assert read_envelope(path) == {"cpus": [1, 2]}
