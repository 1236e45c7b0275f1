"""Which GFP masks make sense: the rules a mask breaks, and all masks that break none.

Models the comments of include/linux/gfp.h (v4.7), which say what a combination of flags would mean.
"""

from gfplab.kernel import gfp

# every single flag by name; composites such as GFP_NOIO and __GFP_RECLAIM are masks one may write, not flags that vary
NAMES = {name: value for name, value in vars(gfp).items() if name.startswith(("GFP_", "__GFP_")) and type(value) is int}
FLAGS = {name: value for name, value in NAMES.items() if name.startswith("__GFP_") and value.bit_count() == 1}

# set, missing, why a mask with all of the one and none of the other is wrong
_ALWAYS = (
    ("__GFP_FS", "__GFP_IO", "a filesystem that reclaim enters starts I/O of its own"),
    ("__GFP_IO", "__GFP_DIRECT_RECLAIM", "only direct reclaim starts I/O for its caller, so the flag means nothing"),
    ("__GFP_NOFAIL", "__GFP_DIRECT_RECLAIM", "an allocation that may not sleep cannot promise to succeed"),
)
# two flags that never go together, and why
_NEVER = (
    ("__GFP_ATOMIC", "__GFP_DIRECT_RECLAIM", "an atomic caller cannot sleep"),
    ("__GFP_MEMALLOC", "__GFP_NOMEMALLOC", "NOMEMALLOC wins, so MEMALLOC means nothing"),
    ("__GFP_NORETRY", "__GFP_NOFAIL", "to give up after one round is to fail"),
    ("__GFP_NORETRY", "__GFP_REPEAT", "one asks for one round of reclaim, the other for many"),
)
# what callers of one kind may not set
CALLERS = {
    "any": (),
    "irq": (("__GFP_DIRECT_RECLAIM", "an interrupt handler cannot sleep"),),
    "noio": (
        ("__GFP_IO", "reclaim would wait for I/O that this caller has to perform"),
        ("__GFP_FS", "reclaim would enter a filesystem that waits for this caller"),
    ),
    "nofs": (("__GFP_FS", "reclaim would enter the filesystem that this caller holds locks of"),),
}


def broken_rule(mask: int, callers: str = "any") -> str | None:
    """The first rule that `mask` breaks, in words; None for a legal mask."""
    for flag, needed, why in _ALWAYS:
        if mask & FLAGS[flag] and not mask & FLAGS[needed]:
            return f"{flag} without {needed}: {why}"
    for flag, other, why in _NEVER:
        if mask & FLAGS[flag] and mask & FLAGS[other]:
            return f"{flag} with {other}: {why}"
    for flag, why in CALLERS[callers]:
        if mask & FLAGS[flag]:
            return f"{flag} for a caller of kind '{callers}': {why}"
    return None


def legal_masks(fixed: int, bits: int, callers: str = "any") -> tuple[int, ...]:
    """Every mask that agrees with `fixed` outside `bits` and breaks no rule, in ascending order."""
    return tuple(mask for mask in _masks(fixed, bits) if broken_rule(mask, callers) is None)


def broken_rules(fixed: int, bits: int, callers: str = "any") -> tuple[str, ...]:
    """Every rule that some mask breaks which agrees with `fixed` outside `bits`, in words."""
    rules = (broken_rule(mask, callers) for mask in _masks(fixed, bits))
    return tuple(dict.fromkeys(rule for rule in rules if rule))


def _masks(fixed: int, bits: int) -> list[int]:
    """Every mask that agrees with `fixed` outside `bits`, in ascending order."""
    subsets = [bits]
    while subsets[-1]:
        subsets.append((subsets[-1] - 1) & bits)
    return sorted(fixed & ~bits | subset for subset in subsets)


def read_mask(text: str) -> int:
    """The mask of "GFP_NOIO|__GFP_HIGH", "none" or "0x2400000"; ValueError names the word that is no flag."""
    import difflib

    mask = 0
    for word in (w.strip() for w in text.split("|")):
        if word in NAMES:
            mask |= NAMES[word]
        elif word != "none":
            try:
                mask |= int(word, 0)
            except ValueError:
                near = difflib.get_close_matches(word, NAMES, 1)
                hint = f"did you mean '{near[0]}'?" if near else "write for example 'GFP_NOWAIT|__GFP_HIGH'"
                raise ValueError(f"'{word}' is not a GFP flag; {hint}") from None
    return mask
