"""The runs by which v4.7 and v6.1 are compared: the same scenarios, each kernel with its own defaults, and then with
single changes of the years between given early or taken back.

A label is the case, the kernel, and what is different from the stock kernel: "S2; v6.1 without watermark boosts".
"""

from gfplab.study.expectations import Row

ERAS = ("v4.7", "v6.1")
OLD, NEW = ERAS

# case -> scenario, what is set besides the kernel
CASES: dict[str, tuple[str, tuple[tuple[str, object], ...]]] = {
    "S1": ("s1_dm_crypt_swap", ()),
    "S1, quarter": ("s1_quarter", ()),
    "S2": ("s2_pure_anon", ()),
    "S2, touched": ("s2_pure_anon", (("task.hog.resident_state", "touched"),)),
    "rig": ("rig_slow20", ()),
    "S10": ("s10_fast_path", ()),
}

NO_LIMITS = (("crypt.swap0.swap_bios", 0), ("crypt.swap0.page_limit", "0 pages"))
CAP = (("tunables.inflight_cap.pages", 2048),)
# what a scenario of v6.1 says in so many words and v4.7 did not have
OF_ITS_TIME = {("rig", OLD): NO_LIMITS}

# name -> plugins, keys; the kernel is its first word
VARIANTS: dict[str, tuple[tuple[str, ...], tuple[tuple[str, object], ...]]] = {
    "v4.7 without throttle_vm_writeout()": (("linux_4_9",), ()),
    "v4.7 with swap_bios": (("inflight_cap",), CAP),
    "v4.7 with swap_bios, without the throttle": (("linux_4_9", "inflight_cap"), CAP),
    "v6.1 with throttle_vm_writeout()": (("throttle_2016",), ()),
    "v6.1 without limits in flight": ((), NO_LIMITS),
    "v6.1 without limits, with the throttle": (("throttle_2016",), NO_LIMITS),
    "v6.1 without watermark boosts": ((), (("machine.watermark_boost_factor", 0),)),
    "v6.1 with reserves of 16": ((), (("crypt.swap0.bios", 16), ("crypt.swap0.requests", 16))),
    "v6.1 without mq-deadline": ((), (("disk.vda.scheduler", "none"),)),
}
VARIED = ("S1", "S2")

POLICIES = {
    "P0": "mempool_4_7_0",
    "P2": "hocko_rfc",
    "P3": "neil_mask",
    "P3b": "neil_while",
    "P4": "pool_first",
    "P4c": "pool_first_percpu",
    "P5": "transient",
    "P6": "bail_out",
    "P10": "inflight_cap",
    "A1": "adaptive_wait",
    "A3": "light_reclaim",
}


def era_rows(quick: bool) -> list[Row]:
    """Every case on both kernels, the variants, S1 under the policies that mean something in both, and S10."""
    rows = []
    for case, (scenario, keys) in CASES.items():
        for kernel in ERAS if case != "S10" else ():
            more = OF_ITS_TIME.get((case, kernel), ())
            rows.append(_row(quick, 5, scenario, f"{case}; {kernel}", (), (*keys, *more)))
    for case in VARIED:
        scenario, keys = CASES[case]
        for name, (plugins, more) in VARIANTS.items():
            rows.append(_row(quick, 3, scenario, f"{case}; {name}", plugins, (*keys, *more)))
    for policy, plugin in POLICIES.items():
        rows += [_row(quick, 3, CASES["S1"][0], f"S1; {kernel} {policy}", (plugin,), ()) for kernel in ERAS]
    return rows + _fast_path(quick)


def _row(quick: bool, seeds: int, scenario: str, label: str, plugins: tuple[str, ...], keys) -> Row:
    kernel = label.partition("; ")[2].split()[0]
    length = (("length", "4s"),) if quick else ()
    return Row(
        scenario, label, plugins, tuple(range(1, 2 if quick else seeds + 1)), (("kernel", kernel), *keys, *length)
    )


def _fast_path(quick: bool) -> list[Row]:
    """S10 on one CPU and on many, with the order of the stock kernel and with the reserve first."""
    rows = []
    for kernel in ERAS:
        for pool, policy in (("slab", "P1"), ("page", "P1"), ("slab", "P4")):
            plugins = (POLICIES[policy],) if policy in POLICIES else ()
            for cpus in fast_path_cpus(quick):
                length = "2ms" if quick else "200ms" if policy == "P1" else "50ms"
                keys = (("machine.cpus", cpus), ("task.loop.pool", pool), ("length", length), ("kernel", kernel))
                rows.append(Row(CASES["S10"][0], f"S10; {kernel} {pool} {policy} {cpus}", plugins, (1,), keys))
    return rows


def fast_path_cpus(quick: bool) -> tuple[int, int]:
    return (1, 4) if quick else (1, 64)
