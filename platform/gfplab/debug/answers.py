"""Answers of decisions as a policy writes them: ALLOC(GFP_NOIO|__GFP_NOWARN) for 9437185, ALLOC_WMARK_MIN for 0."""

import functools
import re

from gfplab.kernel import answers, gfp, steps
from gfplab.policy.explain import contract
from gfplab.units import about_time

_STEP_FLAGS = tuple(
    (getattr(steps, name), name)
    for name in ("STEP_LESS_THROTTLE", "STEP_NO_THROTTLE", "STEP_BAIL_OUT", "STEP_LIGHT_RECLAIM")
)
_MARKS = {gfp.ALLOC_WMARK_MIN: "ALLOC_WMARK_MIN", gfp.ALLOC_WMARK_LOW: "ALLOC_WMARK_LOW"}
_MARKS[gfp.ALLOC_WMARK_HIGH] = "ALLOC_WMARK_HIGH"
_RIGHTS = (
    (gfp.ALLOC_NO_WATERMARKS, "ALLOC_NO_WATERMARKS"),
    (gfp.ALLOC_OOM, "ALLOC_OOM"),
    (gfp.ALLOC_HARDER, "ALLOC_HARDER"),
    (gfp.ALLOC_HIGH, "ALLOC_HIGH"),
)
# decisions that answer with nanoseconds to sleep
_NAPS = (
    *("throttle_direct_reclaim", "throttle_vm_writeout", "wait_iff_congested", "reclaim_throttle"),
    "balance_dirty_pages",
)
_MEANING = re.compile(r"(-?\d+) (?:=|for) ([^,;.(]+)")  # `1 = wait, 0 = go on` of a contract
_WORKS = {answers.WQ_HOLD: "WQ_HOLD", answers.WQ_RUN: "WQ_RUN", answers.WQ_RESCUE: "WQ_RESCUE"}
_PAGES = {
    value: name
    for name, value in vars(answers).items()
    if name in ("PAGE_KEEP", "PAGE_ACTIVATE", "PAGE_FREE", "PAGE_PAGEOUT", "PAGE_WAIT")
}


def answer_words(decision: str, answer: int) -> str:
    """The answer in the words of the decision's contract; a number where it has none."""
    if decision == "mempool_step":
        return step_words(answer)
    if decision == "gfp_to_alloc_flags":
        return alloc_words(answer)
    if decision == "shrink_page_list":
        return _PAGES.get(answer & answers.PAGE_MASK, str(answer)) + "|PAGE_SOON" * bool(answer & answers.PAGE_SOON)
    if decision == "should_reclaim_retry":
        words = {answers.SLOWPATH_OOM: "SLOWPATH_OOM", answers.SLOWPATH_FAIL: "SLOWPATH_FAIL"}
        return words.get(answer, f"nap {about_time(answer)}" if answer else "SLOWPATH_RETRY")
    if decision == "wq_dispatch":
        return _WORKS.get(answer, str(answer))
    if decision in _NAPS:
        return "go on" if answer == 0 else f"sleep {about_time(answer)}" if answer > 0 else "sleep until woken"
    return _meanings(decision).get(answer, str(answer))


@functools.cache
def _meanings(decision: str) -> dict[int, str]:
    """What the contract's line about answers says of single numbers."""
    said = " ".join(contract(decision).split())
    returns = said.partition("Returns: ")[2].partition(" Stock: ")[0]
    return {int(number): words.strip() for number, words in _MEANING.findall(returns)}


def step_words(step: int) -> str:
    """A step of mempool_alloc()."""
    what, argument = step & steps.STEP_MASK, step >> steps.STEP_SHIFT
    if step < 0 or what not in (steps.STEP_ALLOC, steps.STEP_RESERVE, steps.STEP_WAIT, steps.STEP_FAIL):
        return f"{step}, which is no step"
    if what == steps.STEP_WAIT:
        return f"WAIT({about_time(argument)})"
    if what != steps.STEP_ALLOC:
        return "RESERVE" if what == steps.STEP_RESERVE else "FAIL"
    flags = "".join(f"|{name}" for bit, name in _STEP_FLAGS if step & bit)
    return f"ALLOC({gfp.gfp_names(argument)}){flags}"


def alloc_words(flags: int) -> str:
    """Rights of an allocation, with the names of v4.7."""
    rest = flags & ~gfp.ALLOC_WMARK_MASK
    words = [_MARKS.get(flags & gfp.ALLOC_WMARK_MASK, hex(flags & gfp.ALLOC_WMARK_MASK))]
    for bit, name in _RIGHTS:
        if rest & bit:
            words.append(name)
            rest &= ~bit
    return "|".join([*words, hex(rest)] if rest else words)


_MASKS = ("gfp_mask", "optimistic", "full", "last_mask")


def field_words(field: str, value: int) -> str:
    """The value of a record's field; a GFP mask by its names."""
    return gfp.gfp_names(value) if field.rpartition(".")[2] in _MASKS else str(value)
