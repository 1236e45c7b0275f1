"""Bios: taken from a bio set's mempool, given back to it, and ended through the function their owner named.

Models block/bio.c (v4.7; in v6.1 no set on the way to a swap device has a rescuer any more).  A bio is a record of
k.bios; the mempool element behind it is what memory it costs.

Leaves out: biovecs beyond the inline four (a bio of many pages costs no more memory than one of a page), bio_split()
and bio_chain() (dm splits by clones), per-CPU bio caches, integrity payloads, I/O errors.
"""

from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, wake_up_all
from gfplab.kernel.bugs import BUG_BIO_ENDED_TWICE, BUG_BIO_PUT_TWICE, BUG_BIO_SLOTS, BUG_END_IO
from gfplab.kernel.costs import C_END_IO
from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM
from gfplab.kernel.rig_types import END_DIRECT_IO
from gfplab.kernel.symbols import (
    clone_endio,
    crypt_endio,
    end_file_bio_read,
    end_file_bio_write,
    end_swap_bio_read,
    end_swap_bio_write,
    generic_make_request,
    kernel_bug,
    mempool_alloc,
    mempool_free,
    queue_work,
    submit_bio_noacct_nocheck,
)
from gfplab.kernel.types import (
    END_CRYPT,
    END_DM_CLONE,
    END_FILE_READ,
    END_FILE_WRITE,
    END_NONE,
    END_SWAP_READ,
    END_SWAP_WRITE,
    WORK_BIO_ALLOC_RESCUE,
)

ERA_V6_1 = 61

# bios[b].used
BIO_FREE = 0
BIO_LIVE = 1
BIO_ENDED = 2


@kernel
def bio_alloc_bioset(k, bioset, gfp_mask):
    """A bio of the set; 0 only if the mask may not sleep.

    Inside generic_make_request() the bios that could refill the pool may be parked on this very task's list.  So where
    there is a rescuer, the first attempt does not sleep, and before the second those bios go to the rescuer.
    """
    t = k.e[0].cur
    pool = k.biosets[bioset].pool
    mask = gfp_mask
    if k.tasks[t].bio_head and k.biosets[bioset].rescue_wq:
        mask &= ~__GFP_DIRECT_RECLAIM
    element = yield from mempool_alloc(k, pool, mask)
    if element == 0 and mask != gfp_mask:
        punt_bios_to_rescuer(k, bioset)
        element = yield from mempool_alloc(k, pool, gfp_mask)
    if element == 0:
        return 0
    return bio_init(k, bioset, element, gfp_mask)


@plain
def bio_init(k, bioset, element, gfp_mask):
    """A fresh bio around a mempool element. Slot 0 keeps the free list (next) and the highest slot used (used)."""
    null = k.bios[0]
    b = null.next
    if b:
        null.next = k.bios[b].next
    else:
        b = null.used + 1
        if b >= len(k.bios):
            kernel_bug(k, BUG_BIO_SLOTS, b - 1)
            return 0
        null.used = b
    bio = k.bios[b]
    bio.next = 0
    bio.used = BIO_LIVE
    bio.bioset = bioset
    bio.element = element
    bio.gfp_mask = gfp_mask
    bio.task = k.e[0].cur
    bio.rw = 0
    bio.dev_kind = 0
    bio.dev = 0
    bio.sector = 0
    bio.nr_pages = 0
    bio.page = 0
    bio.last_page = 0
    bio.end_io = END_NONE
    bio.parent = 0
    bio.crypt = 0
    bio.file = 0
    bio.dm_io = 0
    bio.dm_pending = 0
    bio.dm_mapped = 0
    bio.swap_gated = 0
    return b


@plain
def bio_put(k, bio):
    """Give the bio back: its element to the pool (whose waiters wake), its record to the free list."""
    b = k.bios[bio]
    if b.used == BIO_FREE:
        kernel_bug(k, BUG_BIO_PUT_TWICE, bio)
        return 0
    mempool_free(k, k.biosets[b.bioset].pool, b.element)
    b.used = BIO_FREE
    b.element = 0
    b.next = k.bios[0].next
    k.bios[0].next = bio
    return 0


@plain
def bio_endio(k, bio):
    """The bio's I/O is done: tell its owner, and the owner's owner, up to the bio that was submitted first.

    A stacking driver's end_io returns the bio that ends with this one, or 0; a loop, where Linux recurses.
    """
    while bio:
        b = k.bios[bio]
        if b.used != BIO_LIVE:
            kernel_bug(k, BUG_BIO_ENDED_TWICE, bio)
            return 0
        b.used = BIO_ENDED
        burn(k, k.costs[C_END_IO])
        what = b.end_io
        above = 0
        if what == END_CRYPT:
            above = crypt_endio(k, bio)
        elif what == END_DM_CLONE:
            above = clone_endio(k, bio)
        elif what == END_SWAP_WRITE:
            end_swap_bio_write(k, bio)
        elif what == END_SWAP_READ:
            end_swap_bio_read(k, bio)
        elif what == END_FILE_WRITE:
            end_file_bio_write(k, bio)
        elif what == END_FILE_READ:
            end_file_bio_read(k, bio)
        elif what == END_DIRECT_IO:
            wake_up_all(k, k.workloads[b.parent].wait)
        elif what == END_NONE:
            bio_put(k, bio)
        else:
            kernel_bug(k, BUG_END_IO, what)
        bio = above
    return 0


@plain
def bio_list_add(k, t, bio):
    """Park a bio at the end of task t's current->bio_list."""
    task = k.tasks[t]
    k.bios[bio].next = 0
    if task.bio_tail:
        k.bios[task.bio_tail].next = bio
    else:
        task.bio_head = bio
    task.bio_tail = bio
    return 0


@plain
def bio_list_pop(k, t):
    """The bio parked first, or 0."""
    task = k.tasks[t]
    bio = task.bio_head
    if bio:
        task.bio_head = k.bios[bio].next
        k.bios[bio].next = 0
        if task.bio_head == 0:
            task.bio_tail = 0
    return bio


@plain
def punt_bios_to_rescuer(k, bioset):
    """Move the parked bios that belong to this set, and no others, to its rescuer. Writes: tasks, biosets, bios."""
    t = k.e[0].cur
    task = k.tasks[t]
    bs = k.biosets[bioset]
    bio = task.bio_head
    task.bio_head = 0
    task.bio_tail = 0
    while bio:
        after = k.bios[bio].next
        if k.bios[bio].bioset == bioset:
            k.bios[bio].next = 0
            if bs.rescue_tail:
                k.bios[bs.rescue_tail].next = bio
            else:
                bs.rescue_head = bio
            bs.rescue_tail = bio
        else:
            bio_list_add(k, t, bio)
        bio = after
    if bs.rescue_work == 0:
        bs.rescue_work = queue_work(k, bs.rescue_wq, WORK_BIO_ALLOC_RESCUE, bioset)
    return 0


@kernel
def bio_alloc_rescue(k, bioset):
    """The rescuer's work item: submit what was punted, until nothing is left. It never runs twice at once."""
    while k.biosets[bioset].rescue_head:
        bio = k.biosets[bioset].rescue_head
        k.biosets[bioset].rescue_head = k.bios[bio].next
        if k.bios[bio].next == 0:
            k.biosets[bioset].rescue_tail = 0
        k.bios[bio].next = 0
        if k.vm[0].era >= ERA_V6_1:
            yield from submit_bio_noacct_nocheck(k, bio)
        else:
            yield from generic_make_request(k, bio)
    k.biosets[bioset].rescue_work = 0
    return 0
