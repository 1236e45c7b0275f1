"""What a person reads after a run: one page, from the tables alone, so that `gfplab show` prints the same again."""

from typing import TextIO

import polars as pl
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from gfplab.tables.frames import Tables
from gfplab.tables.verdict import verdict_of
from gfplab.units import PAGE_SIZE, about_rate, about_size, about_time

PIPE_WIDTH = 120
STALL_ROWS = 12


def console(file: TextIO | None = None) -> Console:
    """Where a page is printed: as wide as the terminal, or PIPE_WIDTH where there is none; plain text in a pipe."""
    chosen = Console(file=file, highlight=False)
    return chosen if chosen.is_terminal else Console(file=file, highlight=False, width=PIPE_WIDTH)


def print_page(page: RenderableType, file: TextIO | None = None) -> None:
    """Print a page; where nobody sees the padding of its cells, in a pipe or a file, it is left out."""
    where = console(file)
    if where.is_terminal:
        where.print(page)
        return
    with where.capture() as capture:
        where.print(page)
    lines = capture.get().splitlines()
    print("\n".join(line.rstrip() for line in lines), file=file)


def summary(tables: Tables) -> RenderableType:
    """The page on one run."""
    run = tables["runs"].row(0, named=True)
    parts = [_head(tables, run), _figures(tables, run)]
    parts += [table for table in (_stalls(tables), _pools(tables)) if table is not None]
    return Group(*parts)


def _head(tables: Tables, run: dict) -> RenderableType:
    verdict = verdict_of(tables)
    memory = about_size(run["managed_pages"] * PAGE_SIZE)
    speed = run["sim_ns"] / 1e9 / run["wall_s"] if run["wall_s"] > 0 else 0.0
    cpus = "1 CPU" if run["nr_cpus"] == 1 else f"{run['nr_cpus']} CPUs"
    return Text(
        f"{run['scenario']}: {run['title']}\n"
        f"Linux {run['kernel']}, {cpus}, {memory} managed, seed {run['seed']}, {run['mode']}\n"
        f"verdict {verdict.word}: {verdict.sentence}\n"
        f"{speed:.3g} simulated s per wall s ({run['events']} events in {run['wall_s']:.3g} s)\n"
    )


def _figures(tables: Tables, run: dict) -> Table:
    vmstat = tables["vmstat"].tail(1).to_dicts()
    rows = [("policies", _policies(run["policies"]))]
    if run["swap_device_bytes_s"]:
        device = about_rate(run["swap_device_bytes_s"])
        rows.append(
            (
                "swap-out",
                f"{number(run['swapout_kib_s'])} KiB/s, {run['swapout_of_device_pct']:.3g} % of the disk's {device}; "
                f"slowest 5 s {number(run['swapout_floor_kib_s'])} KiB/s; "
                f"pswpout {run['pswpout']:.0f}, pswpin {run['pswpin']:.0f}",
            )
        )
    low, mark = run["min_free_pages"], run["wmark_min_pages"]
    rows.append(
        ("free memory", f"lowest {low:.0f} pages, min watermark {mark}" + (f" ({low / mark:.2f}x)" if mark else ""))
    )
    for end in vmstat:
        rows.append(("kswapd", _counters(end, ("pageoutrun", "pgscan_kswapd", "pgsteal_kswapd"))))
        rows.append(("direct reclaim", _counters(end, ("allocstall", "pgscan_direct", "pgsteal_direct"))))
    rows.append(("PSI memory", f"some {run['psi_some_pct']:.1f} %, full {run['psi_full_pct']:.1f} %"))
    if run["throttled_ms"]:
        rows.append(
            (
                "kcryptd",
                f"{run['kcryptd_throttled_pct']:.1f} % of its busy time in throttle_vm_writeout(); "
                f"reserve full during {run['reserve_full_during_naps_pct']:.1f} % of these naps",
            )
        )
    if run["oom_kills"]:
        rows.append(("oom_kill", f"{run['oom_kills']:.0f}"))
    grid = Table.grid(padding=(0, 2))
    for name, value in rows:
        grid.add_row(Text(name), Text(value))
    return grid


def number(value: float) -> str:
    """Three digits or more, never an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _policies(policies: list[str]) -> str:
    """`linux_4_7, but throttle_vm_writeout = less_throttle`: the stock kernel, then what was put in its place."""
    pairs = [policy.split("=", 1) for policy in policies]
    kernels = [plugin for _, plugin in pairs if plugin.startswith("linux_")]
    stock = max(kernels, key=kernels.count, default=None)
    others = ", ".join(f"{decision} = {plugin}" for decision, plugin in pairs if plugin != stock)
    return f"{stock}, but {others}" if stock and others else stock or others


def _counters(row: dict, names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {row[name]}" for name in names if name in row)


def stalls_by_cause(tables: Tables) -> pl.DataFrame:
    """comm, cause, count, total_ns, max_ns of the logged stalls, the longest total first."""
    return (
        tables["stalls"]
        .group_by("comm", "cause", maintain_order=True)
        .agg(
            count=pl.len().cast(pl.Int64),
            total_ns=pl.col("duration_ns").sum(),
            max_ns=pl.col("duration_ns").max(),
            ongoing=pl.col("ongoing").any(),
        )
        .sort(["total_ns", "comm", "cause"], descending=[True, False, False])
    )


def _stalls(tables: Tables) -> RenderableType | None:
    rows = stalls_by_cause(tables)
    if not len(rows):
        return None
    more = f" (the longest {STALL_ROWS} of {len(rows)})" if len(rows) > STALL_ROWS else ""
    table = new_table(("task", "cause", "count", "total", "max"), numbers_from=2)
    for row in rows.head(STALL_ROWS).iter_rows(named=True):
        longest = about_time(row["max_ns"]) + (" and still asleep" if row["ongoing"] else "")
        add_row(table, row["comm"], row["cause"], row["count"], about_time(row["total_ns"]), longest)
    return _titled(f"stalls by task and cause{more}", table)


def _pools(tables: Tables) -> RenderableType | None:
    if not len(tables["pools"]):
        return None
    heads = ("pool", "min_nr", "lowest", "allocs", "from reserve", "waits", "waited", "timeouts")
    table = new_table(heads, numbers_from=1)
    for row in tables["pools"].iter_rows(named=True):
        counts = (row[name] for name in ("min_nr", "lowest_nr", "allocs", "from_reserve", "waits"))
        add_row(table, row["pool"], *counts, about_time(row["wait_ns"]), row["timeouts"])
    return _titled("mempools", table)


def _titled(title: str, table: Table) -> RenderableType:
    # a title of the Table's own would be folded to the width of its columns
    return Group(Text(f"\n{title}", style="bold"), table)


def new_table(heads: tuple[str, ...], numbers_from: int) -> Table:
    """An empty table; the columns from `numbers_from` on are set to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if place >= numbers_from else "left")
    return table


def add_row(table: Table, *cells: object) -> None:
    """One more row."""
    # Text, because rich would read [dm_crypt] in a string as markup
    table.add_row(*(Text(str(cell)) for cell in cells))
