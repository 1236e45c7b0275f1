"""Check builds: no law is broken in any scenario, and whoever breaks one is found out.

Steps are interpreted here: to compile a whole check build takes longer than all of this.
"""

from pathlib import Path

import pytest
from mm_lab import MS, OP_ALLOC_PAGE, OP_RECLAIM, SEC, SmallMachine

from gfplab.boot.machine import boot_machine
from gfplab.engine import cache
from gfplab.engine.emitter import STEP, Emitter
from gfplab.engine.loader import Loader
from gfplab.engine.native import StateType
from gfplab.engine.records import ERROR_INVARIANT
from gfplab.engine.slices import run_until
from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOIO, GFP_NOWAIT, PF_MEMALLOC
from gfplab.kernel.model import kernel_model
from gfplab.kernel.types import PG_buddy, PG_lru, PG_slab, PG_writeback
from gfplab.policy.select import select
from gfplab.run import build_kernel, simulate
from gfplab.world.scenario import load_scenario

SCENARIOS = Path(__file__).parents[2] / "studies" / "scenarios"
RUNS = [
    ("s1_quarter", "v4.7", "", 600 * MS),
    ("s1_quarter", "v4.7", "neil_mask", 150 * MS),
    ("s1_quarter", "v4.7", "pool_first", 150 * MS),
    ("s1_quarter", "v4.7", "mempool_4_7_0", 150 * MS),
    ("s2_pure_anon", "v4.7", "linux_4_9", 60 * MS),
    ("s10_fast_path", "v4.7", "", 2 * MS),
    ("s10_fast_path", "v4.7", "pool_first", 2 * MS),
    ("s1_quarter", "v6.1", "", 150 * MS),
    ("s10_fast_path", "v6.1", "", 2 * MS),
    ("rig_slow20", "v6.1", "", 300 * MS),
    ("rig_fast100", "v6.1", "throttle_2016", 150 * MS),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kernel", "policy", "until_ns"), RUNS)
def test_no_law_is_broken(name, kernel, policy, until_ns):
    world = load_scenario(SCENARIOS / f"{name}.toml", {"kernel": kernel})
    policies = select(world.kernel, {}, extra=[policy] if policy else [])
    build = build_kernel("steps", check=True)
    machine = boot_machine(build, world, seed=1)
    machine.arrays["my"] = policies.my_initial(machine)
    machine.arrays["e"]["check_every"] = 20
    sim = build.start(machine.arrays, policies.bind(build.schema, compiled=False))
    assert run_until(sim, until_ns) == "until"
    assert sim.arrays["e"]["nr_events"][0] > 200
    assert sim.call("check_invariants") == sim.call("check_pages") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["s1_quarter", "rig_slow20"])
def test_looking_changes_nothing(name, compiled):
    world = load_scenario(SCENARIOS / f"{name}.toml")
    looked_at, alone = (
        simulate(world, select(world.kernel), 1, mode, check, until_ns=100 * MS).log_hash
        for mode, check in (("steps", True), ("compiled", False))
    )
    assert looked_at == alone


@pytest.mark.slow
def test_what_a_checked_mempool_alloc_calls_compiles_with_its_asserts_and_bounds():
    """Through the page allocator and reclaim that is a sixth of the kernel."""
    model = kernel_model()
    units = Emitter(model, True, StateType(model.schema).name, cache.folder()).run()
    loader = Loader(model.schema, units, cache.folder())
    loader.load(f"mempool_alloc{STEP}")
    assert len(loader.loaded) > 100


@pytest.mark.slow
def test_there_are_records_for_all_bios_that_memory_has_room_for(compiled):
    """Nothing limits what is in flight, and of every page under writeback hang two bios (v6.1)."""
    limits = {"crypt.swap0.swap_bios": 0, "crypt.swap0.page_limit": "0 pages"}
    world = load_scenario(SCENARIOS / "s1_quarter.toml", {"kernel": "v6.1", **limits})
    run = simulate(world, select("v6.1"), 1)
    assert run.verdict == "ok" and run.arrays["bios"]["used"][0] > world.machine.managed_pages


# the laws by their numbers


def lose_a_page(m):
    m.vm.nr_managed -= 1


def forget_a_page(m):
    m.vm.nr_managed += 1000


def count_a_page_twice(m):
    m.vm.nr_free += 1


def owe_a_free_page(m):
    m.zone.free = -1


def have_a_list_that_is_longer_than_its_zone_says(m):
    m.k.lrus[4].nr += 1


def give_a_free_page_to_a_slab(m):
    m.arrays["page_flags"][m.zone.free_head] |= PG_slab


def put_a_page_on_two_lists(m):
    m.arrays["page_flags"][m.zone.free_head] = PG_buddy | PG_lru
    m.k.lrus[4].nr += 1
    m.k.lruvecs[1].nr_inactive_anon += 1
    m.vm.nr_managed += 1


def lose_an_object(m):
    m.k.caches[1].nr_active -= 1


def overfill_a_pool(m):
    pool, _ = m.pool("swap0.page_pool")
    pool.curr_nr = pool.min_nr + 1


def lose_an_element(m):
    m.pool("swap0.bs")[0].curr_nr -= 1


def write_a_page_that_is_not_counted(m):
    m.arrays["page_flags"][m.pages(PG_lru)[0]] |= PG_writeback


def isolate_less_than_nothing(m):
    m.k.lruvecs[1].isolated_file = -1


def use_a_swap_slot_that_is_free(m):
    m.k.swaps[1].used += 1


def cache_a_slot_that_nobody_uses(m):
    m.arrays["swap_cache"][5] = m.pages(PG_lru)[0]


def lose_a_ciphertext_page(m):
    m.vm.crypt_pages += 1


def use_more_tags_than_there_are(m):
    m.k.disks[1].in_use = m.k.disks[1].tags + 1


def be_busy_longer_than_the_clock_ran(m):
    m.k.cpus[0].busy_ns += 1


def wait_more_fully_than_at_all(m):
    m.vm.psi_full = m.vm.psi_some + 1


BREACHES = {
    lose_a_page: 1,
    forget_a_page: 1,
    count_a_page_twice: 2,
    owe_a_free_page: 2,
    have_a_list_that_is_longer_than_its_zone_says: 2,
    give_a_free_page_to_a_slab: 3,
    put_a_page_on_two_lists: 3,
    lose_an_object: 3,
    overfill_a_pool: 4,
    lose_an_element: 4,
    write_a_page_that_is_not_counted: 3,
    isolate_less_than_nothing: 5,
    use_a_swap_slot_that_is_free: 6,
    cache_a_slot_that_nobody_uses: 6,
    lose_a_ciphertext_page: 7,
    use_more_tags_than_there_are: 30,
    be_busy_longer_than_the_clock_ran: 32,
    wait_more_fully_than_at_all: 33,
}


def machine():
    """Some memory in use, swap on dm-crypt."""
    start = {"inactive_anon": "1MiB", "active_file": "1MiB"}
    crypt = [{"name": "swap0", "device": "vda", "page_pool": 32}]
    return SmallMachine({"start": start}, crypt=crypt, swap={"device": "swap0", "size": "16MiB"}).run(MS)


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.__name__)
def test_whoever_breaks_a_law_is_told_its_number(breach):
    m = machine()
    assert m.call("check_invariants") == m.call("check_pages") == 0
    breach(m)
    assert BREACHES[breach] in (m.call("check_invariants"), m.call("check_pages"))


def test_a_broken_law_ends_the_run():
    m = machine()
    lose_a_page(m)
    m.job(OP_ALLOC_PAGE, GFP_NOWAIT)
    assert m.sim.run(SEC) == "error"
    assert (m.k.e[0].error, m.k.e[0].error_info) == (ERROR_INVARIANT, 1)


@pytest.mark.parametrize(
    ("mask", "pf_flags"), [(GFP_NOWAIT, 0), (GFP_KERNEL, PF_MEMALLOC)], ids=["without the right", "inside itself"]
)
def test_reclaim_without_the_right_and_reclaim_inside_reclaim_are_asserted_against(mask, pf_flags):
    m = machine()
    m.job(OP_RECLAIM, mask, pf_flags=pf_flags)
    with pytest.raises(AssertionError):
        m.run(SEC)


def test_io_that_the_mask_forbids_is_asserted_against():
    """A policy cannot do that; a kernel edited badly can."""
    m = machine()
    m.job(OP_RECLAIM, GFP_KERNEL)
    t = m.k.worker_pools[1].last_task + 1
    scan = m.k.scans[t]
    page = m.pages(PG_lru)[0]
    for owner in (m.k.scans[0], scan):
        owner.gfp_mask = GFP_NOIO
    m.arrays["page_flags"][page] |= 0x0100 | 0x0002  # anonymous and dirty
    with pytest.raises(AssertionError):
        next(m.build.code.functions["pageout"](m.k, page))
