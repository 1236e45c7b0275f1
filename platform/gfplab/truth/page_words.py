"""What docs/fidelity.md says that no figure can change: the rig, its policies, its file, what the model leaves out."""

from gfplab.truth.columns import NAMED, REMARKS, SETTINGS
from gfplab.truth.markdown import filled, markdown_table
from gfplab.truth.policies import RIG_POLICIES

HEAD = """\
# The simulator beside a real kernel

    {command}

{verdict} **Bold** figures below are out of bounds.

The rows are those that the mechanisms were built beside, so this page shows how well a known machine is understood;
it is no blind test. Costs were chosen on policy 0 alone, and nothing is set per policy or per configuration."""

CHART = """\
![ratio of simulated to measured for every metric, configuration and policy](fidelity.png)

A point is the ratio of two medians over the seeds. Its line runs from the smallest to the largest simulated seed, the
grey bar from the smallest to the largest measured one, the blue field is what the bound allows."""

RIG = """\
Every row is one run of a real Linux 6.1.192 that was patched to choose the policy of `mempool_alloc()` at boot and to
count what this page compares. It was measured elsewhere, once; neither the rows nor the kernel are in this
repository.

* **Guest**: 96 MiB of RAM (20497 managed pages, one zone, marks 279/348/417), one CPU, HZ 250, no NUMA, no memory
  cgroups, no huge pages, classic LRU lists, swappiness 60. The CPU is emulated and takes one virtual nanosecond for
  an instruction; it has no caches and waits for no memory, and idle time is skipped. A run can be repeated to the
  last bit, so rows of a configuration and policy differ by their seed alone.
* **Disk**: RAM that a driver in the guest serves as one FIFO queue: time per request, bandwidth with 10 % jitter, 100
  us latency, 64 tags, mq-deadline. Swap is 320 MiB on dm-crypt (aes-xts) on it.
* **Workload**: four processes share twice the memory of the machine. Each writes a word into every page in order,
  then visits chunks of 64 pages in random order, reads, checks and writes. A parent samples /proc/vmstat every 100
  ms. `fastpath` is direct I/O on the dm-crypt device without pressure, one operation at a time.
* **In simulation** each row is the same scenario (`gfplab run rig_slow20` is one) with its seed number, which draws
  other random numbers than the rig's: rows are compared as medians over seeds, never one by one.

The policies, where A(T) is an attempt without direct reclaim, A(F) one with it, R the reserve and W the wait:"""

FILE = """\
The command takes a .csv file with one row a run: any mix of the configuration columns below (what is missing has the
rig's value) and any of the {metrics} metrics, under the rig's names. Empty cells were not measured. A column or
policy that is unknown is named and nothing is simulated. Rows with `icount` = 0 ran in the host's real time; they are
shown and not judged. A row that no simulation can do, such as one on virtio-blk, is named as skipped. `--trace FILE`
adds a capture of ftrace, named after its row."""

IMPLIED = {
    "cfg": "named by what differs", "name": "cfg, policy and seed", "policy": "must be there",
    "min_free_kbytes": "the kernel's default",
}  # fmt: skip

LEFT_OUT = """\
Mechanisms of Linux 6.1 that the model is known to lack and this workload meets. Each file of
`platform/gfplab/kernel/` has its complete list under **Leaves out**.

* Compaction. kcompactd and direct compaction move pages when an order above 0 is asked for and missing, by forks and
  by slabs of the order that SLUB likes best. Here a missing order stays missing until neighbours are freed.
* Folio batches. Linux collects 15 new pages in a per-CPU batch before they go to the list together: every 15th fault
  is dearer by some microseconds, and a page in a batch cannot be reclaimed. Here pages reach the list at once, and
  the cost is spread evenly.
* Hashed wait queues. Waiters for locked pages share 256 queues there, so a wake-up also looks at waiters of other
  pages.
* Softirqs. A completion does its work in the interrupt here; there it may run later, in ksoftirqd.
* Where free pages lie when the work begins. Booting and the shell left them somewhere; the model computes a
  distribution over blocks of each type from the counters that the guest printed. Which block is broken first, and so
  when the watermarks are boosted for the first time, need not be the same.
* Shrinkers. No inode, dentry or shadow node is ever reclaimed.
* One cost for one operation. The real path has branches, and some are longer than others."""

TRUST = """\
The ranges of the rows that were compared and judged, for each kind of workload. A value between two that were
compared counts as inside; nothing says that the model is right there, but the mechanisms are the same ones."""

WARN = """\
`gfplab run` says in one sentence on standard error, and under `warnings` in its `--json` document, which properties
of a scenario or policy lie outside; `gfplab study run` and `resume` say it once for each scenario, not for each
trial. The ranges are `platform/gfplab/truth/envelope.json`, written with this page by `python -m gfplab.truth.page`.

Outside, believe what does not depend on figures: which task sleeps where, and why. Of v4.7 nothing was compared but
its throttle_vm_writeout(), re-created in the 6.1 kernel (policies 3 and 4): that a throttled kcryptd makes the
machine crawl, and by how much, is measured; the rest of v4.7 stands on the reading of its source and on [what experts
expected](expectations.md). Several CPUs, several nodes, real caches and lock contention, disks that reorder, huge
pages, memory cgroups and MGLRU were compared with nothing. Neither was a CPU whose instructions do not all take the
same time: times of a few microseconds are the model's weakest figures."""


def policies_table() -> str:
    """The values of the column `policy`."""
    said = {3: "throttle_vm_writeout() of v4.7 in every reclaim", 4: "the same, but not inside mempool_alloc()"}
    said |= {6: "policies 1 and 3", 7: "policies 2 and 3"}
    rows = [["policy", "mempool_alloc()", "besides", "as plugins"]]
    for number, policy in RIG_POLICIES.items():
        plugins = " ".join(f"`-p {name}`" for name in policy.plugins) or "none"
        plugins += "".join(f" `--set {name}={str(value).lower()}`" for name, value in policy.tunables.items())
        rows.append([str(number), policy.program, said.get(number, ""), plugins])
    return markdown_table(rows).replace("---:", "---")


def columns_table() -> str:
    """The configuration columns."""
    rows = [["column", "values", "when it is missing"]]
    for name, setting in SETTINGS.items():
        if setting.choices:
            values = ", ".join(str(each) or "empty" for each in setting.choices)
        else:
            kind = {int: "whole number", float: "number", str: "text"}[setting.kind]
            values = kind if setting.low is None else f"{kind}, at least {setting.low:g}"
        default = "" if setting.default in ("", None) else str(setting.default)
        rows.append([f"`{name}`", values, IMPLIED.get(name, default)])
    implied = "; ".join(
        f"`{name}` is {', '.join(f'{key} {value}' for key, value in columns.items())}"
        for name, columns in NAMED.items()
    )
    about = ", ".join(f"`{each}`" for each in REMARKS)
    return "\n\n".join(
        [
            markdown_table(rows).replace("---:", "---"),
            filled(f"A `cfg` of these names stands for the columns that the file does not have: {implied}."),
            filled(f"Read and compared with nothing: {about}."),
        ]
    )
