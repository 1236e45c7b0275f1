"""The OOM killer and the reaper: who dies, and how its memory comes back.

Models mm/oom_kill.c (v4.7, v6.1).

Leaves out: oom_score_adj, memory-cgroup kills, panic_on_oom, victims that share an address space.
"""

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, schedule, schedule_timeout
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt, trace, wake_up, wake_up_process
from gfplab.kernel.costs import C_FREE_PAGE, C_OOM_KILL
from gfplab.kernel.gfp import __GFP_FS, TIF_MEMDIE
from gfplab.kernel.symbols import free_pgtables, zap_pte
from gfplab.kernel.tracepoints import oom_kill_process
from gfplab.kernel.types import PG_locked, PG_writeback

OOM_REAPER_DELAY_NS = 2_000_000_000  # v5.18 and later let the victim try to exit by itself first


@plain
def out_of_memory(k, t):
    """Kill the task with the most memory, unless a victim is still on its way out. 1: memory may come, try again."""
    if k.tasks[t].killed:
        k.tasks[t].pf_flags |= TIF_MEMDIE
        return 1
    return kill_the_largest(k)


@plain
def out_of_memory__v6_1(k, t, gfp_mask):
    """The same in v6.1, where a request without __GFP_FS kills nobody: it is told to try again."""
    if k.tasks[t].killed:
        k.tasks[t].pf_flags |= TIF_MEMDIE
        return 1
    if gfp_mask & __GFP_FS == 0:
        return 1
    return kill_the_largest(k)


@plain
def kill_the_largest(k):
    """select_bad_process() and oom_kill_process(). 0: there is nobody to kill."""
    best = 0
    points = 0
    for m in range(1, len(k.mms)):
        mm = k.mms[m]
        if mm.dead:
            continue
        if k.tasks[mm.task].killed:
            if mm.oom_skip and k.vm[0].era >= 61:
                continue  # the reaper has had what there was to have
            return 1  # one victim at a time
        if mm.rss + mm.swap > points:
            points = mm.rss + mm.swap
            best = m
    if best == 0:
        return 0
    burn(k, k.costs[C_OOM_KILL])
    victim = k.mms[best].task
    k.vm[0].oom_kill += 1
    trace(k, oom_kill_process, k.tasks[victim].pid, points, 0, 0)
    k.tasks[victim].killed = 1
    k.tasks[victim].pf_flags |= TIF_MEMDIE
    k.vm[0].oom_victim = best
    wake_if_killable(k, victim)
    wake_up(k, k.vm[0].oom_reaper_wait)
    return 1


@plain
def wake_if_killable(k, t):
    """SIGKILL ends interruptible and killable sleeps only. Writes: the task's state."""
    state = k.tasks[t].state & 7
    if state == 1 or state == 3:
        wake_up_process(k, t)
    return 0


@kernel
def oom_reaper(k, a0):
    """Frees the victim's anonymous pages while it may be stuck; what reclaim or the device holds comes back later."""
    while True:
        yield schedule(k.vm[0].oom_reaper_wait, TASK_INTERRUPTIBLE)
        m = k.vm[0].oom_victim
        if m:
            if k.vm[0].era >= 61:
                yield schedule_timeout(0, OOM_REAPER_DELAY_NS, TASK_INTERRUPTIBLE)
            yield from exit_mmap(k, m, 1)
            k.mms[m].oom_skip = 1
            k.vm[0].oom_victim = 0


@kernel
def exit_mmap(k, m, reaping):
    """Free an address space. The reaper leaves what is locked or under writeback; the exiting task takes the rest."""
    first = k.mms[m].start
    for vpn in range(first, first + k.mms[m].nr):
        pte = k.ptes[vpn]
        if pte == 0:
            continue
        if reaping and pte > 0 and k.page_flags[pte] & (PG_locked | PG_writeback):
            continue
        zap_pte(k, vpn)
        burn(k, k.costs[C_FREE_PAGE])
        if over_debt(k):
            yield cond_resched()
    if reaping == 0:
        free_pgtables(k, m)
        k.mms[m].dead = 1
    return 0
