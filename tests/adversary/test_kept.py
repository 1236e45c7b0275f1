"""What was run once is not run again: by threads, by processes, by a search that goes further."""

import pytest

from gfplab.adversary.attack import Attack, run_attack
from gfplab.adversary.goals import Goal
from gfplab.adversary.kept import KeptRuns
from gfplab.adversary.probe import Crew, Probe, Victim
from gfplab.policy.discover import discover
from gfplab.world.shipped import scenario_path
from gfplab.world.toml import read_toml


class Counting(Victim):
    runs = 0

    def __call__(self, probe):
        self.runs += 1
        return super().__call__(probe)


@pytest.fixture
def path():
    return scenario_path("harmless_swap")


@pytest.fixture
def tables(path):
    return {**read_toml(path), "length": "200ms"}


def searched(tables, path, folder, trials, policies=()):
    """(Found, simulations that were made) of an attack that finds nothing."""
    victim = Counting(policies, discover(), str(path))
    attack = Attack(tables, str(path), Goal("stall", bound_ns=10**12), (1, 2), trials)
    return run_attack(attack, KeptRuns(victim, tables, folder)), victim.runs


def test_an_attack_that_goes_further_runs_what_is_new(compiled, tables, path, tmp_path):
    first, made = searched(tables, path, tmp_path, 8)
    again, none = searched(tables, path, tmp_path, 8)
    further, new = searched(tables, path, tmp_path, 16)
    assert (made, none, new) == (9, 0, 8)
    assert str(first.trials) == str(again.trials) == str(further.trials[:9])
    assert first.best == again.best


def test_another_policy_and_an_edited_one_are_run(compiled, tables, path, tmp_path):
    policy = tmp_path / "mine.py"
    text = (
        '"""Never, or always."""\n\nfrom gfplab import hookimpl\n\n\n'
        "@hookimpl\ndef throttle_vm_writeout(task):\n    return {}\n"
    )
    searched(tables, path, tmp_path / "runs", 1)
    assert searched(tables, path, tmp_path / "runs", 1, ["neil_mask"])[1] == 2
    for answer, made in ((0, 2), (0, 0), (1, 2)):
        policy.write_text(text.format(answer))
        victim = Counting([str(policy)], discover(files=[str(policy)]), str(path))
        attack = Attack(tables, str(path), Goal("stall", bound_ns=10**12), (1,), 1)
        run_attack(attack, KeptRuns(victim, tables, tmp_path / "runs"))
        assert victim.runs == made


def test_processes_see_what_threads_see_and_use_what_threads_have_kept(compiled, tables, path, tmp_path):
    probes = [Probe(tables, seed) for seed in (1, 2, 3)]
    seen = []
    for kind, folder in (("threads", "a"), ("processes", "b"), ("processes", "a")):
        crew = Crew(KeptRuns(Victim(["neil_mask"], discover(), str(path)), tables, tmp_path / folder), 2, kind)
        seen.append(crew.all(probes))
        crew.close()
    assert seen[0] == seen[1] == seen[2]
    assert len(list((tmp_path / "b").rglob("*.json"))) == 3
