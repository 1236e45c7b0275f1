"""How long tasks were held up by lack of memory: pressure-stall times of the whole machine.

Models kernel/sched/psi.c (v4.20 and later) as one machine-wide state; v4.7 has no PSI, the numbers are computed for it
all the same.  With n = min(non-idle tasks, CPUs), SOME grows at min(stalled, n) / n and FULL at
(n - min(productive, n)) / n, at most as fast as SOME.  From v5.12 on a CPU that is reclaiming counts into FULL whoever
else waits for it: nothing productive could run there.  Times are integrated at every change of any task's state.

Leaves out: CPU and I/O pressure, cgroups, averages, triggers, the weighting of each CPU by its own busy time.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import local_clock
from gfplab.kernel.symbols import blk_flush_plug_list

PSI_SHIFT = 16  # of rates, and of the sums before they are rounded to ns
STATE_RUNNING = 4  # this bit is in TASK_RUNNABLE and TASK_RUNNING
STATE_IOWAIT = 8
STATE_ON_CPU = 5  # TASK_RUNNING
ERA_RECLAIMING_CPU = 61  # the first era modelled whose psi_group_change() looks at the current task
STATE_SLEEPS = 3  # TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, TASK_KILLABLE


@plain
def psi_some_rate(k):
    """The part of the machine that waits for memory now."""
    vm = k.vm[0]
    threads = min(vm.psi_nonidle, k.e[0].ncpus)
    if threads == 0 or vm.nr_memstall == 0:
        return 0
    return (min(vm.nr_memstall, threads) << PSI_SHIFT) // threads


@plain
def psi_full_rate(k):
    """The part of the machine that could work, does not, and has a task waiting for memory."""
    vm = k.vm[0]
    threads = min(vm.psi_nonidle, k.e[0].ncpus)
    if threads == 0 or vm.nr_memstall == 0:
        return 0
    lost = threads - min(vm.psi_productive, threads)
    if vm.era >= ERA_RECLAIMING_CPU:
        lost = max(lost, min(vm.nr_memstall_on_cpu, threads))
    # tasks that wait for a disk are neither stalled nor productive, so FULL alone could exceed SOME
    full = min(lost, vm.nr_memstall)
    return (full << PSI_SHIFT) // threads


@plain
def psi_update(k):
    """Bring vm.psi_some and vm.psi_full up to the time of this event. Writes: vm."""
    vm = k.vm[0]
    ns = k.e[0].now - vm.psi_time
    vm.psi_time = k.e[0].now
    vm.psi_some_raw += ns * vm.psi_some_rate
    vm.psi_full_raw += ns * vm.psi_full_rate
    vm.psi_some = max(vm.psi_some, vm.psi_some_raw >> PSI_SHIFT)
    vm.psi_full = max(vm.psi_full, min(vm.psi_full_raw >> PSI_SHIFT, vm.psi_some))


@plain
def psi_count(k, sign, state, memstall):
    """Count a task in this state in (sign 1) or out (sign -1). Writes: vm."""
    vm = k.vm[0]
    running = state & STATE_RUNNING
    if running or memstall or state & STATE_IOWAIT:
        vm.psi_nonidle += sign
    if memstall:
        vm.nr_memstall += sign
        if running:
            vm.nr_memstall_running += sign
        if state == STATE_ON_CPU:
            vm.nr_memstall_on_cpu += sign
    elif running:
        vm.psi_productive += sign


@plain
def psi_task_change(k, t, new_state, new_memstall, ahead):
    """Task t goes to another state or memstall depth, `ahead` ns from the time of this event. Writes: vm.

    A task runs ahead of events on its time debt.  The sums cannot be brought up to a time that has not come, so the
    change is made now and what that is wrong by, as far as can be seen from here, is taken back.
    """
    vm = k.vm[0]
    psi_update(k)
    some = vm.psi_some_rate
    full = vm.psi_full_rate
    psi_count(k, -1, k.tasks[t].state, k.tasks[t].memstall)
    psi_count(k, 1, new_state, new_memstall)
    vm.psi_some_rate = psi_some_rate(k)
    vm.psi_full_rate = psi_full_rate(k)
    vm.psi_some_raw += ahead * (some - vm.psi_some_rate)
    vm.psi_full_raw += ahead * (full - vm.psi_full_rate)


@plain
def psi_memstall_enter(k, t):
    """The current task t begins to work or wait for lack of memory; may be nested. Writes: tasks, vm."""
    task = k.tasks[t]
    if task.memstall == 0:
        psi_task_change(k, t, task.state, 1, local_clock(k) - k.e[0].now)
    task.memstall += 1


@plain
def psi_memstall_leave(k, t):
    """Undo one psi_memstall_enter(). Writes: tasks, vm."""
    task = k.tasks[t]
    assert task.memstall > 0
    if task.memstall == 1:
        psi_task_change(k, t, task.state, 0, local_clock(k) - k.e[0].now)
    task.memstall -= 1


@plain
def state_change(k, t, old, new):
    """The engine moves task t from one state to another: account it, and flush its plug before it sleeps."""
    if new & STATE_SLEEPS and new & STATE_RUNNING == 0 and k.tasks[t].plug_head:
        # else the task might sleep for ever on a request that nobody has seen yet
        blk_flush_plug_list(k, t)
    psi_task_change(k, t, new, k.tasks[t].memstall, 0)
    return old
