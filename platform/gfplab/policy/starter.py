"""What `gfplab plugin new` writes beside or instead of a copy of the stock kernel: a policy of one family that runs.

For each family one decision point, answered in the simplest way that differs from Linux and has something to search;
for every new policy a test, and a scenario in which it is asked under pressure.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Starter:
    """One family's policy and the tests that are its own; NAME stands for the name of the plugin."""

    decision: str
    policy: str
    tests: str


_MEMPOOL = Starter(
    "mempool_step",
    '''"""One sentence: what this policy argues.  As it stands: take from the reserve first, then ask without reclaim.

Who says so, since when, and what speaks against it.
"""

from gfplab import ALLOC, FAIL, RESERVE, WAIT, hookimpl, tunable
from gfplab.kernel.steps import STEP_RESERVE, STEP_WAIT
from gfplab.units import MSEC, SEC

timeout = tunable(1 * SEC, low=1 * MSEC, high=5 * SEC, log=True, unit="time", help="longest wait before the next try")


@hookimpl
def mempool_step(call, my):
    if call.last == 0 or call.last == STEP_WAIT:
        return RESERVE
    if call.last == STEP_RESERVE and call.attempts <= call.waits:
        return ALLOC(call.optimistic)
    return WAIT(my.timeout) if call.may_sleep else FAIL
''',
    '''
def test_a_waiter_wakes_when_an_element_comes_back(mempool):
    """The pool has one element, which is out until 700 ms."""
    mut = mempool(POLICY, min_nr=1).exhaust()
    held = mut.take()
    waiter = mut.take(at="1ms")
    mut.give_back(held, at="700ms")
    mut.run("1s")
    mut.assert_wakes_at(waiter, "700ms")
    mut.assert_asks(waiter, ["RESERVE", "ALLOC", "WAIT(1s)", "RESERVE"])


def test_nobody_waits_longer_than_the_tunable_says(mempool):
    mut = mempool(POLICY, min_nr=1, settings={"NAME.timeout": "20ms"}).exhaust()
    mut.take()
    waiter = mut.take()
    mut.run("25ms")
    mut.assert_wakes_at(waiter, "20ms", within="1ms")
''',
)
_ALLOCATOR = Starter(
    "gfp_to_alloc_flags",
    '''"""One sentence: what this policy argues.  As it stands: workers that clean pages may go below the min watermark.

Who says so, since when, and what speaks against it.
"""

from gfplab import hookimpl, tunable
from gfplab.kernel.gfp import (
    __GFP_ATOMIC,
    __GFP_HIGH,
    __GFP_MEMALLOC,
    __GFP_NOMEMALLOC,
    ALLOC_HARDER,
    ALLOC_HIGH,
    ALLOC_NO_WATERMARKS,
    ALLOC_WMARK_MIN,
    PF_MEMALLOC,
    PF_WQ_WORKER,
    TIF_MEMDIE,
)

workers = tunable("high", choices=("none", "high", "harder"), help="the right of a task that runs works of a workqueue")


@hookimpl
def gfp_to_alloc_flags(task, request, my):
    flags = ALLOC_WMARK_MIN
    if request.gfp_mask & __GFP_HIGH:
        flags |= ALLOC_HIGH
    if task.pf_flags & PF_WQ_WORKER and not request.in_irq and my.workers > 0:
        flags |= ALLOC_HIGH
        if my.workers == 2:
            flags |= ALLOC_HARDER
    if request.gfp_mask & __GFP_NOMEMALLOC:
        return flags
    if request.gfp_mask & __GFP_ATOMIC:
        flags |= ALLOC_HARDER
    if request.gfp_mask & __GFP_MEMALLOC:
        flags |= ALLOC_NO_WATERMARKS
    elif not request.in_irq and task.pf_flags & (PF_MEMALLOC | TIF_MEMDIE):
        flags |= ALLOC_NO_WATERMARKS
    return flags
''',
    """
def test_without_its_right_it_is_the_stock_kernel(scenario):
    run = scenario(SCENARIO, POLICY, settings={"NAME.workers": "none"})
    assert run.run.log_hash == scenario(SCENARIO, "stock").run.log_hash
""",
)
_RECLAIM = Starter(
    "too_many_isolated",
    '''"""One sentence: what this policy argues.  As it stands: reclaimers may hold a share of the inactive pages.

Who says so, since when, and what speaks against it.
"""

from gfplab import hookimpl, tunable
from gfplab.kernel.gfp import __GFP_FS, __GFP_IO

share_pct = tunable(50, low=5, high=200, help="reclaimers wait when so much of the inactive list is isolated")
full_rights_pct = tunable(25, low=1, high=100, help="of that, for callers that may start I/O and enter filesystems")


@hookimpl
def too_many_isolated(lruvec, scan, my):
    if scan.kswapd:
        return 0
    inactive = lruvec.nr_inactive_file if scan.file else lruvec.nr_inactive_anon
    isolated = lruvec.isolated_file if scan.file else lruvec.isolated_anon
    limit = inactive * my.share_pct // 100
    if scan.gfp_mask & __GFP_IO and scan.gfp_mask & __GFP_FS:
        limit = limit * my.full_rights_pct // 100  # so that callers without them never queue behind these
    return isolated > limit
''',
    '''
def test_a_smaller_share_lets_fewer_reclaimers_in(scenario):
    """With next to nothing allowed, reclaimers wait that did not wait before."""
    strict = scenario(SCENARIO, POLICY, settings={"NAME.share_pct": 5, "NAME.full_rights_pct": 1})
    assert strict.run.log_hash != scenario(SCENARIO, POLICY).run.log_hash
''',
)
_THROTTLE = Starter(
    "throttle_vm_writeout",
    '''"""One sentence: what this policy argues.  As it stands: who cleans pages is throttled later than the others.

Who says so, since when, and what speaks against it.
"""

from gfplab import hookimpl, tunable
from gfplab.kernel.gfp import PF_LESS_THROTTLE, PF_WQ_WORKER
from gfplab.units import MSEC

boost_pct = tunable(50, low=0, high=400, help="how much more may be under writeback before a worker naps, in per cent")
nap = tunable(100 * MSEC, low=1 * MSEC, high=200 * MSEC, log=True, unit="time", help="length of a nap")


@hookimpl
def throttle_vm_writeout(vm, task, scan, my):
    limit = scan.limit
    if task.pf_flags & (PF_LESS_THROTTLE | PF_WQ_WORKER):
        limit += limit * my.boost_pct // 100
    return my.nap if vm.nr_writeback + vm.nr_unstable > limit else 0
''',
    """
def test_no_worker_naps_longer_than_the_tunable_says(scenario):
    run = scenario(SCENARIO, POLICY, settings={"NAME.nap": "5ms"})
    run.assert_no_stall_longer_than("10ms", task="kworker", cause="throttle_vm_writeout")
""",
)
_DEVICE = Starter(
    "inflight_gate",
    '''"""One sentence: what this policy argues.  As it stands: a dm device takes so many swap pages and no more.

Who says so, since when, and what speaks against it.
"""

from gfplab import hookimpl, tunable

pages = tunable(64, low=4, high=8192, log=True, help="swap bios in flight per device")


@hookimpl
def inflight_gate(crypt, my):
    if crypt.swap_bios and crypt.swap_bios_out >= crypt.swap_bios:
        return 0
    return crypt.swap_bios_out < my.pages
''',
    '''
def test_a_lower_limit_is_a_smaller_loan_from_the_reserves(scenario):
    """What is in flight takes elements from the pools; fewer in flight, fewer waits for them."""
    low, high = (scenario(SCENARIO, POLICY, settings={"NAME.pages": pages}) for pages in (8, 8192))
    assert low["mempool_waits"] <= high["mempool_waits"]
    assert low.run.log_hash != high.run.log_hash
''',
)
_WORKQUEUE = Starter(
    "wq_dispatch",
    '''"""One sentence: what this policy argues.  As it stands: a workqueue with a rescuer runs more works at a time.

Who says so, since when, and what speaks against it.
"""

from gfplab import hookimpl, tunable
from gfplab.kernel.answers import WQ_HOLD, WQ_NO_WORKER, WQ_RESCUE, WQ_RUN

more = tunable(2, low=0, high=64, help="works beyond max_active, for a workqueue that reclaim may wait for")


@hookimpl
def wq_dispatch(wq, my):
    if wq.reason == WQ_NO_WORKER:
        return WQ_RESCUE
    limit = wq.max_active + my.more if wq.rescuer else wq.max_active
    return WQ_RUN if wq.nr_active < limit else WQ_HOLD
''',
    """
def test_with_none_more_it_is_the_stock_kernel(scenario):
    run = scenario(SCENARIO, POLICY, settings={"NAME.more": 0})
    assert run.run.log_hash == scenario(SCENARIO, "stock").run.log_hash
""",
)
STARTERS = {
    "mempool": _MEMPOOL,
    "allocator": _ALLOCATOR,
    "reclaim": _RECLAIM,
    "throttle": _THROTTLE,
    "device": _DEVICE,
    "workqueue": _WORKQUEUE,
}

_TEST = '''"""Does NAME do what it argues?  Run it with: python -m pytest tests/test_NAME.py"""

POLICY = "../plugins/NAME.py"
SCENARIO = "../scenarios/NAME.toml"


def test_the_scenario_ends_well(scenario):
    """No task was killed and nothing got stuck."""
    scenario(SCENARIO, POLICY).assert_verdict("ok")
'''

_SCENARIO = """\
# Two hogs, together larger than memory, swap to dm-crypt while a program writes a file: NAME is asked under pressure.
# gfplab run scenarios/NAME.toml             with the policy
# gfplab run scenarios/NAME.toml -p stock    without it

title = "A small swap storm on dm-crypt"
kernel = "ERA"
length = "2s"

[policies]
POLICIES

[machine]
cpus = 2
hz = 1000
memory = "64MiB"

[machine.start]
active_file = "4MiB"
inactive_file = "2MiB"
dirty = "1MiB"
filesystem = "ext4"
dirty_limit = "300 pages"

[[disk]]
name = "vda"
read = "200us"
write = "200us"
bandwidth = "50MB/s"

[[disk]]
name = "vdb"
read = "200us"
write = "200us"
bandwidth = "20MB/s"

[[crypt]]
name = "swap0"
device = "vda"
encrypt = "2us"
page_pool = 64

[swap]
device = "swap0"
size = "128MiB"

[[filesystem]]
name = "ext4"
device = "vdb"

[[task]]
kind = "anon_toucher"
comm = "hog"
count = 2
size = "40MiB"
resident = "22MiB"
order = "random"

[[task]]
kind = "file_writer"
comm = "writer"
filesystem = "ext4"
rate = "10MB/s"
"""


def tests_of(name: str, family: str = "") -> str:
    """The test of a new policy; with a family also the tests of its starter."""
    own = f"\n{STARTERS[family].tests}" if family else ""
    return (_TEST + own).replace("NAME", name)


def scenario_text(name: str, decisions: list[str], era: str) -> str:
    """The scenario in which a new policy answers these decisions."""
    policies = "\n".join(f'{decision} = "{name}"' for decision in decisions)
    return _SCENARIO.replace("POLICIES", policies).replace("ERA", era).replace("NAME", name)
