"""The runs by which the experts' expectations are measured: three scenarios under the policies that were argued over.

A run is a cell (scenario, variant, policy, seed); what it leaves is a dict of figures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gfplab.policy.discover import discover
from gfplab.policy.select import select
from gfplab.world.scenario import load_scenario

POLICIES = {
    "P0": ("mempool_4_7_0",),
    "P1": ("linux_4_7",),
    "P2": ("hocko_rfc",),
    "P2b": ("flag_only",),
    "P3": ("neil_mask",),
    "P4": ("pool_first",),
    "P8": ("linux_4_9",),
}
FAST_PATH = ("P1", "P3", "P4", "P8")


@dataclass(frozen=True)
class Row:
    """One line of a table: a scenario with some keys set, under some plugins, over some seeds."""

    scenario: str
    label: str
    plugins: tuple[str, ...]
    seeds: tuple[int, ...]
    overrides: tuple[tuple[str, object], ...] = ()


def storm_rows(quick: bool) -> list[Row]:
    """S1 and S2 under every policy, and the variants that say what the difference comes from."""
    seeds = (1,) if quick else (1, 2, 3, 4, 5)
    length = (("length", "4s"),) if quick else ()
    rows = []
    for scenario in ("s1_dm_crypt_swap", "s2_pure_anon"):
        for policy, plugins in POLICIES.items():
            more = range(6, 11) if policy == "P1" and not quick else ()
            rows.append(Row(scenario, policy, plugins, (*seeds, *more), length))
    touched = ("task.hog.resident_state", "touched")
    rows += [
        Row("s1_dm_crypt_swap", "P0 without T5", POLICIES["P0"] + POLICIES["P8"], seeds[:3], length),
        Row("s1_dm_crypt_swap", "P0, 120 s", POLICIES["P0"], seeds, (("length", "5s" if quick else "120s"),)),
        Row("s2_pure_anon", "P1, touched", POLICIES["P1"], seeds, (*length, touched)),
    ]
    return rows


def fast_path_rows(quick: bool) -> list[Row]:
    """S10 on more and more CPUs: `hold` keeps the element as the scenario says, `hammer` gives it back at once."""
    rows = []
    hammer = (("task.loop.hold", "0us"), ("task.loop.think", "0ns"))
    for load, length, keys in (("hold", "50ms", ()), ("hammer", "5ms", hammer)):
        for pool in ("slab", "page"):
            for policy in FAST_PATH:
                for cpus in (1, 4) if quick else (1, 2, 4, 8, 16, 32, 64):
                    size = (("machine.cpus", cpus), ("task.loop.pool", pool), ("length", "2ms" if quick else length))
                    label = f"{load} {pool} {policy} {cpus}"
                    rows.append(Row("s10_fast_path", label, POLICIES[policy], (1,), (*size, *keys)))
    return rows


_plugins = cache(discover)


def figures_of_run(path: Path, row: Row, seed: int) -> dict[str, float]:
    """Simulate one cell."""
    from gfplab.run import simulate
    from gfplab.tables.figures import figures_of
    from gfplab.tables.metrics import tabulate

    world = load_scenario(path, dict(row.overrides))
    policies = select(world.kernel, world.policies, extra=row.plugins, tunables=world.tunables, plugins=_plugins())
    return figures_of(tabulate(simulate(world, policies, seed)))


def run_rows(
    rows: list[Row], paths: Mapping[str, Path], report: Callable | None = None
) -> dict[tuple[str, str], list[dict[str, float]]]:
    """(scenario, label) -> the figures of each seed."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    total, done = sum(len(row.seeds) for row in rows), 0
    for row in rows:
        for seed in row.seeds:
            if report:
                report(done, total, f"{row.scenario} {row.label}")
            found.setdefault((row.scenario, row.label), []).append(figures_of_run(paths[row.scenario], row, seed))
            done += 1
    return found
