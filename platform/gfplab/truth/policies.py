"""The policies that the patched 6.1 kernel of the rig could be booted with, as plugins of this project.

The number is the column `policy` of its runs.  All of them stand on linux_6_1, which answers what they do not.
"""

from dataclasses import dataclass, field

ERA = "v6.1"


@dataclass(frozen=True)
class RigPolicy:
    """One value of the column `policy`."""

    number: int
    program: str  # of mempool_alloc() for GFP_NOIO; A(T): attempt without reclaim, A(F): with, R: reserve, W: wait
    plugins: tuple[str, ...] = ()  # in front of the stock kernel, as -p takes them
    tunables: dict[str, bool] = field(default_factory=dict)


CLASSIC = "A(T) R A(F) R W A(F) R W"
NO_RECLAIM = "A(T) R W A(T) R W"
RESERVE_FIRST = "R A(T) R A(F) R W A(F) R W"
RESERVE_FIRST_NO_RECLAIM = "R A(T) R W A(T) R W"

RIG_POLICIES = {
    policy.number: policy
    for policy in (
        RigPolicy(0, CLASSIC),
        RigPolicy(1, NO_RECLAIM, ("neil_mask",)),
        RigPolicy(2, RESERVE_FIRST, ("reserve_first",)),
        RigPolicy(3, CLASSIC, ("throttle_2016",)),
        RigPolicy(4, CLASSIC, ("throttle_2016_exempt",)),
        RigPolicy(5, RESERVE_FIRST_NO_RECLAIM, ("reserve_first",), {"reserve_first.reclaim": False}),
        RigPolicy(6, NO_RECLAIM, ("neil_mask", "throttle_2016")),
        RigPolicy(7, RESERVE_FIRST, ("reserve_first", "throttle_2016")),
    )
}


def rig_policies(number: int):
    """The PolicySet of one value of the column `policy`."""
    from gfplab.policy.select import select

    rig = RIG_POLICIES[number]
    return select(ERA, extra=rig.plugins, tunables=rig.tunables)
