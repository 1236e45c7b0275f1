"""Blocked tasks as SysRq-W prints them, in the layout of their kernel: task line, workqueue line, call trace.

The simulator knows which functions a task sleeps in but has no text segment, so addresses, offsets and sizes are made
up from the function's name: the same in every report, and never a real kernel's. Left out: the raw words of the stack
and the unreliable frames marked `?`.
"""

import textwrap
import zlib
from dataclasses import dataclass

import polars as pl

from gfplab.tables.frames import Tables
from gfplab.units import about_time

KTHREADD_PID = 2
INIT_PID = 1

# what a frame's function lives in, if not in the kernel image
_MODULES = {
    "kcryptd": "dm_crypt",
    "crypt_": "dm_crypt",
    "dmcrypt_": "dm_crypt",
    "dm_": "dm_mod",
    "loop_": "loop",
    "nfsd": "nfsd",
}
_MODULE_OF = {
    "clone_endio": "dm_mod",
    "alloc_tio": "dm_mod",
    "__map_bio": "dm_mod",
    "__split_and_process_bio": "dm_mod",
}
V4_7 = "v4.7"
TIF_NEED_FPU_LOAD = 0x4000  # what v6.1 shows of every task that does not run

# workqueue of each work function, as its creator named it; v6.1 adds the device to dm-crypt's
_WORKQUEUES = {
    "kcryptd_crypt": "kcryptd",
    "kcryptd_io_read_work": "kcryptd_io",
    "bio_alloc_rescue": "bioset",
    "wb_workfn": "writeback",
}


@dataclass(frozen=True)
class BlockedTask:
    comm: str
    pid: int
    kthread: bool
    frames: list[str]
    since_ns: int
    cause: str


def module_of(function: str) -> str:
    """Name of the module that holds a function, empty for the kernel image."""
    if function in _MODULE_OF:
        return _MODULE_OF[function]
    return next((module for prefix, module in _MODULES.items() if function.startswith(prefix)), "")


def frame_line(function: str, kernel: str = V4_7) -> str:
    """` [<address>] function+offset/size [module]`, every number made from the name; v6.1 prints no address."""
    seed = zlib.crc32(function.encode())
    module = module_of(function)
    size = 0x30 + (seed & 0x7F) * 0x10
    offset = 1 + (seed >> 7) % (size - 1)
    place = f"{function}+{offset:#x}/{size:#x}" + (f" [{module}]" if module else "")
    if kernel != V4_7:
        return f" {place}"
    base = 0xFFFFFFFFA0000000 if module else 0xFFFFFFFF81000000
    address = base + ((seed >> 8) & 0x7FFFF0) + offset
    return f" [<{address:016x}>] {place}"


def workqueue_line(frames: list[str], device: str = "") -> str | None:
    """`Workqueue: kcryptd kcryptd_crypt [dm_crypt]` for a worker that runs a work item, None for any other task."""
    if "process_one_work" not in frames[1:]:
        return None
    function = frames[frames.index("process_one_work") - 1]
    module = module_of(function)
    name = _WORKQUEUES.get(function, "events")
    if module and device:
        name += f"/{device}"
    return f"Workqueue: {name} {function}" + (f" [{module}]" if module else "")


def task_lines(task: BlockedTask, kernel: str = V4_7, device: str = "") -> list[str]:
    """The report on one task, without time stamps; `device` is behind the names of dm-crypt's workqueues."""
    parent = KTHREADD_PID if task.kthread else INIT_PID
    line = workqueue_line(task.frames, device)
    of_worker = [line] if line else []
    trace = [frame_line(frame, kernel) for frame in task.frames]
    # free stack is 0: only debug builds measure it
    if kernel == V4_7:
        stack_pointer = 0xFFFF880000000000 + (zlib.crc32(f"{task.comm} {task.pid}".encode()) & 0x3FFFFFF8)
        # the thread flags are clear: they mean TIF_*
        head = f"{task.comm[:15]:<15} D {stack_pointer:016x} {0:5d} {task.pid:5d} {parent:6d} 0x{0:08x}"
        return [head, *of_worker, "Call Trace:", *trace]
    flags = f"flags:{TIF_NEED_FPU_LOAD:#010x}"
    head = f"task:{task.comm[:15]:<15} state:D stack:{0:<5d} pid:{task.pid:<5d} ppid:{parent:<6d} {flags}"
    return [head, *of_worker, "Call Trace:", " <TASK>", *trace, " </TASK>"]


def show_blocked_state(time_ns: int, tasks: list[BlockedTask], kernel: str = V4_7, device: str = "") -> str:
    """SysRq-W: the header and every blocked task, each line with the time stamp of dmesg."""
    lines = ["sysrq: Show Blocked State"]
    if kernel == V4_7:
        lines = ["SysRq : Show Blocked State", "  task                        PC stack   pid father"]
    for task in tasks:
        lines += task_lines(task, kernel, device)
    stamp = f"[{time_ns // 1_000_000_000:5d}.{time_ns // 1000 % 1_000_000:06d}] "
    return "\n".join(stamp + line for line in lines) + "\n"


def blocked_at(tables: Tables, time_ns: int) -> list[BlockedTask]:
    """The tasks that slept uninterruptibly at a time, by pid; sleeps below the scenario's stall_min are not known."""
    during = (pl.col("start_ns") <= time_ns) & (pl.col("start_ns") + pl.col("duration_ns") > time_ns)
    # a run's last moment is part of the sleeps that it cut short
    rows = tables["stalls"].filter(during | (pl.col("ongoing") & (pl.col("start_ns") <= time_ns)))
    rows = rows.join(tables["stacks"].select("stack_id", "frames"), on="stack_id", how="left", maintain_order="left")
    return [
        BlockedTask(row["comm"], row["pid"], row["role"] != "user", row["frames"], row["start_ns"], row["cause"])
        for row in rows.sort("pid", maintain_order=True).iter_rows(named=True)
    ]


def worst_moment(tables: Tables) -> int | None:
    """The middle of the longest time during which most of what blocks this run blocked at once; None if nothing did.

    A task counts by the time that all sleeps in its place cost, so that the report shows what ails the machine and not
    a rare place that one more task happened to be in.
    """
    places = tables["stacks"].select("stack_id", cost="total_ns")
    stalls = tables["stalls"].join(places, on="stack_id", how="left", maintain_order="left")
    if not len(stalls):
        return None
    start = stalls.select(time="start_ns", change="cost")
    end = stalls.select(time=pl.col("start_ns") + pl.col("duration_ns"), change=-pl.col("cost"))
    steps = (
        pl.concat([start, end])
        .group_by("time", maintain_order=True)
        .agg(pl.col("change").sum())
        .sort("time")
        .with_columns(blocked=pl.col("change").cum_sum(), lasted=pl.col("time").shift(-1) - pl.col("time"))
        .drop_nulls()
    )
    worst = steps.sort(["blocked", "lasted", "time"], descending=[True, True, False]).row(0, named=True)
    return worst["time"] + worst["lasted"] // 2


def stacks_by_time(tables: Tables, most: int = 10) -> list[dict]:
    """The stacks on which tasks slept longest; equal frames are one here, wherever in them the calls were made."""
    stacks = tables["stacks"].with_columns(text=pl.col("frames").list.join(" "))
    merged = stacks.group_by("text", maintain_order=True).agg(
        pl.col("cause", "frames").first(), pl.col("count", "total_ns").sum(), pl.col("max_ns").max()
    )
    return merged.drop("text").sort("total_ns", descending=True, maintain_order=True).head(most).to_dicts()


def _crypt_device(tables: Tables) -> str:
    """`252:0` if that is the only dm-crypt device, as the rescuer of its workqueue says; v4.7 names none."""
    rescuers = tables["tasks"].filter(pl.col("role") == "rescuer")["comm"]
    devices = [comm.removeprefix("kcryptd/") for comm in rescuers if comm.startswith("kcryptd/")]
    return devices[0] if len(devices) == 1 else ""


def blocked_report(tables: Tables) -> str:
    """What `--stacks` prints: the tasks blocked at the worst moment, then the stacks that cost most time."""
    time_ns = worst_moment(tables)
    if time_ns is None:
        return "no task was blocked for as long as the scenario's stall_min\n"
    page = show_blocked_state(time_ns, blocked_at(tables, time_ns), tables["runs"]["kernel"][0], _crypt_device(tables))
    for stack in stacks_by_time(tables, 5):
        longest, total = about_time(stack["max_ns"]), about_time(stack["total_ns"])
        page += f"\n{stack['count']} sleeps, {total} in total, longest {longest}: {stack['cause']}\n"
        frames = ", ".join(stack["frames"])
        page += textwrap.fill(frames, 110, initial_indent="  ", subsequent_indent="  ", break_long_words=False) + "\n"
    return page
