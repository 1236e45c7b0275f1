"""What the machine is like at one moment, read off its arrays: memory, reserves, and who sleeps where.

The same in every mode, and of a copy of the arrays as well as of those that a run is using.
"""

import sys

from gfplab.engine.requests import TASK_KILLABLE, TASK_UNINTERRUPTIBLE
from gfplab.engine.stacks import WITH_TIMEOUT
from gfplab.report.stacks import BlockedTask, frame_line, show_blocked_state
from gfplab.tables.callchain import whole_chain
from gfplab.tables.causes import cause_of
from gfplab.tables.sleeps import STATE_MASK
from gfplab.units import PAGE_SIZE, about_size

ROLE_USER = 1


def memory_lines(arrays, layout) -> list[str]:
    """Free memory against the watermarks, what is under writeback, swap, and the reserve of every pool."""
    vm, zones, lruvecs = arrays["vm"][0], arrays["zones"], arrays["lruvecs"]
    lines = []
    for z, name in enumerate(layout.zones[1:], 1):
        zone = zones[z]
        marks = ", ".join(f"{mark} {zone[f'wmark_{mark}']}" for mark in ("min", "low", "high"))
        lines.append(f"Node 0, zone {name:>6}: free {zone['free']} pages of {zone['managed']}; {marks}")
    lists = ", ".join(
        f"{name}:{int(lruvecs[f'nr_{name}'].sum())}"
        for name in ("active_anon", "inactive_anon", "active_file", "inactive_file")
    )
    isolated = int(lruvecs["isolated_anon"].sum() + lruvecs["isolated_file"].sum())
    free = int(vm["nr_free"])
    lines += [
        f"free:{free} ({about_size(free * PAGE_SIZE)}) {lists} isolated:{isolated}",
        f"dirty:{vm['nr_dirty']} writeback:{vm['nr_writeback']} dirty_threshold:{vm['dirty_thresh']} "
        f"slab:{vm['nr_slab']} mempool:{vm['nr_mempool']} free_swap:{vm['nr_swap_pages']}",
    ]
    for p, plan in enumerate(layout.pools[1:], 1):
        pool = arrays["pools"][p]
        lines.append(
            f"mempool {plan.name}: {pool['curr_nr']} of {pool['min_nr']} in reserve, {pool['outstanding']} out, "
            f"{pool['nr_waiters']} waiting"
        )
    return lines


def blocked_tasks(build, arrays, layout, kernel: str) -> list[BlockedTask]:
    """The tasks that sleep uninterruptibly now, with their call chains as their kernel prints them."""
    tasks, found = arrays["tasks"], []
    for t, plan in enumerate(layout.tasks[1:], 1):
        task = tasks[t]
        if int(task["state"]) & STATE_MASK not in (TASK_UNINTERRUPTIBLE, TASK_KILLABLE) or not task["fp"]:
            continue
        wait = build.wait_name(int(task["req_op"]) + (WITH_TIMEOUT if task["req_b"] >= 0 else 0))
        frames = frames_of(build, arrays, t)
        found.append(
            BlockedTask(
                plan.comm,
                int(task["pid"]),
                plan.role != ROLE_USER,
                whole_chain(frames, wait, kernel),
                int(task["block_start"]),
                cause_of(frames),
            )
        )
    return sorted(found, key=lambda task: task.pid)


def frames_of(build, arrays, t: int) -> list[str]:
    """The functions that task `t` is in, innermost first, as far as they may sleep; inlined ones are left out."""
    functions = (build.model.by_fid[build.model.fids[name]] for name, _fp, _pc in build.frames(arrays, t))
    return [function.shown for function in functions if not function.inlined]


def running_frames(build) -> list[str]:
    """The kernel functions that are running now, innermost first; for the mode "generators", from Python's stack."""
    codes = {f.__code__: name for name, f in build.code.functions.items() if hasattr(f, "__code__")}
    known, found, frame = build.model.functions, [], sys._getframe()
    while frame is not None:
        name = codes.get(frame.f_code)
        if name is not None and name in known:
            if not known[name].inlined:
                found.append(known[name].shown)
        frame = frame.f_back
    return found


def running_trace(frames: list[str], kernel: str) -> list[str]:
    """The lines of a call trace for a task that runs; none in interrupt context."""
    chain = whole_chain(["schedule", *frames], "schedule", kernel)[1:] if frames else []
    return [frame_line(frame, kernel) for frame in chain]


def blocked_lines(build, arrays, layout, kernel: str) -> str:
    """SysRq-W for this moment."""
    tasks = blocked_tasks(build, arrays, layout, kernel)
    if not tasks:
        return "no task sleeps uninterruptibly\n"
    return show_blocked_state(int(arrays["e"]["now"][0]), tasks, kernel)
