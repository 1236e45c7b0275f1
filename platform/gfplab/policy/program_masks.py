"""The masks of a program: named after the caller's own, so that one program suits callers with different rights.

    full                                the caller's mask with what mempool_alloc() always adds
    optimistic                          the same without __GFP_DIRECT_RECLAIM and __GFP_IO
    full-__GFP_IO-__GFP_FS              without these flags
    optimistic+__GFP_HIGH               with this one
    full+STEP_NO_THROTTLE               with a right of the attempt that is no flag

A mask in absolute numbers would hand an interrupt the rights of whoever wrote the program down.  For the same reason a
program never adds a right to sleep, to start I/O or to enter a filesystem: only the caller knows what it holds.
"""

import dataclasses
import difflib
import re

from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM, __GFP_FS, __GFP_IO, GFP_KERNEL, MEMPOOL_EXTRA
from gfplab.kernel.steps import (
    PROGRAM_ADDS,
    PROGRAM_DROPS,
    PROGRAM_OPTIMISTIC,
    STEP_ALLOC,
    STEP_BAIL_OUT,
    STEP_LESS_THROTTLE,
    STEP_LIGHT_RECLAIM,
    STEP_NO_THROTTLE,
)
from gfplab.policy.masks import FLAGS, broken_rule

BASES = ("full", "optimistic")
RIGHTS = {
    "STEP_LESS_THROTTLE": STEP_LESS_THROTTLE,
    "STEP_NO_THROTTLE": STEP_NO_THROTTLE,
    "STEP_BAIL_OUT": STEP_BAIL_OUT,
    "STEP_LIGHT_RECLAIM": STEP_LIGHT_RECLAIM,
}
_SLEEPS, _IO, _FS = __GFP_DIRECT_RECLAIM, __GFP_IO, __GFP_FS
_RECLAIMS = _SLEEPS | _IO | _FS

# flags of a mask that a program may change, and for all others why not
VARYING = (
    "__GFP_DIRECT_RECLAIM", "__GFP_IO", "__GFP_FS", "__GFP_KSWAPD_RECLAIM", "__GFP_HIGH", "__GFP_ATOMIC",
    "__GFP_MEMALLOC", "__GFP_NOMEMALLOC", "__GFP_NORETRY", "__GFP_REPEAT",
)  # fmt: skip
_FIXED = {
    "__GFP_NOFAIL": "an attempt that may not fail would never come to the reserve",
    "__GFP_NOWARN": "it changes what is printed, not what is done",
}
_PLACED = "it says where the element lies or whose it is, which its pool has settled"


@dataclasses.dataclass(frozen=True)
class RelativeMask:
    """The mask of an ALLOC step, in its shortest form: equal masks are equal objects."""

    base: str
    drops: int = 0
    adds: int = 0
    rights: int = 0

    @property
    def word(self) -> int:
        """The ALLOC step with this mask, as the policy finds it in `my`."""
        base = PROGRAM_OPTIMISTIC if self.base == "optimistic" else 0
        return STEP_ALLOC | self.rights | base | self.drops << PROGRAM_DROPS | self.adds << PROGRAM_ADDS

    @property
    def text(self) -> str:
        """The mask as a person would write it."""
        dropped = "".join(f"-{name}" for name in VARYING if FLAGS[name] & self.drops)
        added = "".join(f"+{name}" for name in VARYING if FLAGS[name] & self.adds)
        return self.base + dropped + added + "".join(f"+{name}" for name, bit in RIGHTS.items() if bit & self.rights)

    def of(self, caller: int) -> int:
        """The flags of an attempt on behalf of a caller with this mask."""
        full = caller | MEMPOOL_EXTRA
        base = full & ~(_SLEEPS | _IO) if self.base == "optimistic" else full
        return base & ~self.drops | self.adds


def read_relative_mask(text: str) -> RelativeMask:
    """The mask of a text; ValueError says in one sentence what is wrong with it."""
    base, *edits = re.split(r"(?=[+-])", re.sub(r"\s+", "", text))
    if base not in BASES:
        raise ValueError(f"'{base}' is neither full nor optimistic{_near(base, BASES)}")
    drops = adds = rights = 0
    for sign, name in ((edit[0], edit[1:]) for edit in edits):
        if name in RIGHTS:
            if sign == "-":
                raise ValueError(f"-{name} takes away what no caller has; leave it out")
            rights |= RIGHTS[name]
        elif name not in FLAGS:
            raise ValueError(f"'{name}' is neither a GFP flag nor a right{_near(name, [*FLAGS, *RIGHTS])}")
        elif name not in VARYING:
            raise ValueError(f"{name} may not change: {_FIXED.get(name, _PLACED)}")
        elif sign == "+":
            adds |= FLAGS[name]
        else:
            drops |= FLAGS[name]
    return _shortest(base, drops, adds, rights)


def _shortest(base: str, drops: int, adds: int, rights: int) -> RelativeMask:
    """The mask without what says nothing; ValueError for one that breaks a rule."""
    if both := drops & adds:
        raise ValueError(f"{_names(both)} is both added and taken away; leave one of them out")
    if taken := adds & _RECLAIMS:
        wanted = "full" if base == "optimistic" else "it without the +"
        raise ValueError(
            f"+{_names(taken)} gives a right that its caller may not have: only the caller knows what it holds; "
            f"write {wanted}"
        )
    if drops & _SLEEPS:  # what only direct reclaim uses goes with it
        base, drops = "optimistic", drops & ~_SLEEPS
    if base == "optimistic":
        drops &= ~_RECLAIMS
        if rights:
            (name, *_) = (name for name, bit in RIGHTS.items() if bit & rights)
            raise ValueError(f"{name} is a right of reclaim, which this attempt never does; write it with full")
    adds &= ~MEMPOOL_EXTRA  # every attempt has these
    mask = RelativeMask(base, drops, adds, rights)
    rule = broken_rule(mask.of(GFP_KERNEL) & ~(_FS if base == "optimistic" else 0))
    if rule:
        raise ValueError(f"{mask.text} breaks a rule of GFP masks: {rule}")
    return mask


def _names(mask: int) -> str:
    return ", ".join(name for name in VARYING if FLAGS[name] & mask)


def _near(word: str, known) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean '{close[0]}'?" if close else ""
