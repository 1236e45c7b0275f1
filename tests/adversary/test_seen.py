"""What a run showed: how near a harmless one came to trouble."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from gfplab.adversary.probe import Probe, Victim
from gfplab.adversary.seen import crowd, demand
from gfplab.kernel.types import POOL_PAGE, POOL_SLAB
from gfplab.policy.discover import discover
from gfplab.world.shipped import scenario_path
from gfplab.world.toml import read_toml


@pytest.mark.parametrize(
    ("sleeps", "most"),
    [
        ([], 0),
        ([("a", 0, 10)], 1),
        ([("a", 0, 10), ("a", 10, 10)], 1),
        ([("a", 0, 10), ("b", 5, 10), ("", 5, 10), ("", 6, 10)], 1),
        ([("a", 0, 10), ("b", 5, 10), ("a", 9, 10), ("a", 18, 1)], 2),
    ],
)
def test_a_crowd_is_who_sleeps_for_one_pool_at_one_time(sleeps, most):
    schema = {"pool": pl.String, "start_ns": pl.Int64, "duration_ns": pl.Int64}
    assert crowd(pl.DataFrame(sleeps, schema=schema, orient="row")) == most


def test_demand_is_what_page_pools_have_out_beyond_their_reserves():
    pools = np.zeros(4, [("kind", "i8"), ("min_nr", "i8")])
    pools["kind"], pools["min_nr"] = [0, POOL_SLAB, POOL_PAGE, POOL_PAGE], [0, 16, 200, 100]
    run = SimpleNamespace(arrays={"pools": pools}, names={"pools": ("", "s", "p", "q")})
    assert demand(run, pl.DataFrame({"mempool_pages": [300, 900, 600]})) == 2.0
    assert demand(run, pl.DataFrame({"mempool_pages": [250]})) == 0.0
    pools["kind"][1:] = POOL_SLAB
    assert demand(run, pl.DataFrame({"mempool_pages": [0]})) == 0.0


def test_what_a_deadlock_takes_is_seen_before_there_is_one(compiled):
    """Marks that leave nothing, writes as large as the reserve: each by itself is harmless, and moves its figure."""
    path = scenario_path("two_writers")
    tables, victim = read_toml(path), Victim([], discover(), str(path))
    tables["length"] = "1s"

    def figures(machine=(), task=()):
        changed = {**tables, "machine": {**tables["machine"], **dict(machine)}}
        changed["task"] = [{**tables["task"][0], **dict(task)}, tables["task"][1]]
        return victim(Probe(changed, 1))

    harmless, short, large = figures(), figures({"min_free_kbytes": 49152}), figures(task={"size": "1MiB"})
    assert {each.verdict for each in (harmless, short, large)} == {"ok"}
    assert short.shortage > 10 * harmless.shortage and short.demand < 2 * harmless.demand
    assert large.demand > 10 * harmless.demand and large.shortage < 2 * harmless.shortage
    both = figures({"min_free_kbytes": 49152, "kernel_memory": "32MiB"}, {"size": "1MiB"})
    assert both.crowd > max(each.crowd for each in (harmless, short, large)) == 0
    assert both.stuck_ms > 0 and dataclasses.replace(both, stuck_ms=0.0).drawn > large.drawn
