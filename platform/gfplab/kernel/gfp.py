"""GFP masks, allocation rights and task flags, by their Linux names.

Models include/linux/gfp.h, mm/internal.h and include/linux/sched.h (v4.7: the bit values are that kernel's; later eras
move some bits, so their values exist only where a report prints them).
"""

__GFP_DMA = 0x01
__GFP_HIGHMEM = 0x02
__GFP_DMA32 = 0x04
__GFP_MOVABLE = 0x08
__GFP_RECLAIMABLE = 0x10
__GFP_HIGH = 0x20
__GFP_IO = 0x40
__GFP_FS = 0x80
__GFP_NOWARN = 0x200
__GFP_REPEAT = 0x400
__GFP_NOFAIL = 0x800
__GFP_NORETRY = 0x1000
__GFP_MEMALLOC = 0x2000
__GFP_COMP = 0x4000
__GFP_ZERO = 0x8000
__GFP_NOMEMALLOC = 0x10000
__GFP_HARDWALL = 0x20000
__GFP_ATOMIC = 0x80000
__GFP_ACCOUNT = 0x100000
__GFP_DIRECT_RECLAIM = 0x400000
__GFP_WRITE = 0x1000000
__GFP_KSWAPD_RECLAIM = 0x2000000
__GFP_RECLAIM = 0x2400000

GFP_KERNEL = 0x24000C0
GFP_NOFS = 0x2400040
GFP_NOIO = 0x2400000
GFP_NOWAIT = 0x2000000
GFP_ATOMIC = 0x2080020
GFP_USER = 0x24200C0
GFP_HIGHUSER_MOVABLE = 0x24200CA

# mempool_alloc() adds these to whatever its caller passes
MEMPOOL_EXTRA = 0x11200  # __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN

# what an allocation may do to the watermarks (mm/internal.h)
ALLOC_WMARK_MIN = 0x00
ALLOC_WMARK_LOW = 0x01
ALLOC_WMARK_HIGH = 0x02
ALLOC_NO_WATERMARKS = 0x04
ALLOC_WMARK_MASK = 0x03
ALLOC_HARDER = 0x10
ALLOC_HIGH = 0x20
# the same bits as 6.1.192 names them, and one that it has beside them
ALLOC_OOM = 0x08  # an OOM victim: half of what is left of the mark
ALLOC_NON_BLOCK = 0x10  # may not sleep: a quarter off, if ALLOC_MIN_RESERVE is set too
ALLOC_MIN_RESERVE = 0x20  # half of the mark

PF_WQ_WORKER = 0x20
PF_MEMALLOC = 0x800
PF_KSWAPD = 0x40000
PF_MEMALLOC_NOIO = 0x80000
PF_LESS_THROTTLE = 0x100000
PF_KTHREAD = 0x200000
PF_SWAPWRITE = 0x800000
TIF_MEMDIE = 0x100000000  # a thread flag in Linux; kept with the task flags here
# not Linux's: what a policy of mempool_step may ask for while an attempt of the allocator runs (steps.py)
PF_NO_THROTTLE = 0x200000000  # no throttle point of reclaim puts the task to sleep
PF_BAIL_OUT = 0x400000000  # where it would sleep, reclaim ends instead
PF_LIGHT_RECLAIM = 0x800000000  # reclaim is one batch of clean, unmapped file pages

# Names for reports, in the order in which v4.7's show_gfp_flags() prints them: composites first.
GFP_NAMES_V4_7 = (
    ("GFP_HIGHUSER_MOVABLE", GFP_HIGHUSER_MOVABLE),
    ("GFP_USER", GFP_USER),
    ("GFP_KERNEL", GFP_KERNEL),
    ("GFP_NOFS", GFP_NOFS),
    ("GFP_ATOMIC", GFP_ATOMIC),
    ("GFP_NOIO", GFP_NOIO),
    ("GFP_NOWAIT", GFP_NOWAIT),
    ("__GFP_HIGH", __GFP_HIGH),
    ("__GFP_ATOMIC", __GFP_ATOMIC),
    ("__GFP_IO", __GFP_IO),
    ("__GFP_FS", __GFP_FS),
    ("__GFP_NOWARN", __GFP_NOWARN),
    ("__GFP_REPEAT", __GFP_REPEAT),
    ("__GFP_NOFAIL", __GFP_NOFAIL),
    ("__GFP_NORETRY", __GFP_NORETRY),
    ("__GFP_MEMALLOC", __GFP_MEMALLOC),
    ("__GFP_COMP", __GFP_COMP),
    ("__GFP_ZERO", __GFP_ZERO),
    ("__GFP_NOMEMALLOC", __GFP_NOMEMALLOC),
    ("__GFP_HARDWALL", __GFP_HARDWALL),
    ("__GFP_ACCOUNT", __GFP_ACCOUNT),
    ("__GFP_WRITE", __GFP_WRITE),
    ("__GFP_RECLAIM", __GFP_RECLAIM),
    ("__GFP_DIRECT_RECLAIM", __GFP_DIRECT_RECLAIM),
    ("__GFP_KSWAPD_RECLAIM", __GFP_KSWAPD_RECLAIM),
    ("__GFP_HIGHMEM", __GFP_HIGHMEM),
    ("__GFP_MOVABLE", __GFP_MOVABLE),
    ("__GFP_DMA32", __GFP_DMA32),
    ("__GFP_DMA", __GFP_DMA),
)


def gfp_names(mask: int) -> str:
    """`GFP_NOIO|__GFP_NOWARN` for a mask, longest composite first, as a v4.7 allocation failure prints it."""
    rest, words = mask, []
    for name, bits in GFP_NAMES_V4_7:
        if bits and rest & bits == bits:
            words.append(name)
            rest &= ~bits
    if rest:
        words.append(hex(rest))
    return "|".join(words) or "none"
