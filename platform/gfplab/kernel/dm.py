"""Device mapper: every bio is wrapped in a dm_io and handed to its target as one or more clones.

Models drivers/md/dm.c (v4.7 bio-based; with vm.era 61 and up the tree walk of v4.15; the swap-bio limit of v5.12, which is the
decision inflight_gate) and drivers/md/dm-linear.c (crypts.linear).

Leaves out: tables of several targets, flushes, suspend, request-based dm, error returns of a target.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, schedule
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, waitqueue_active, wake_up
from gfplab.kernel.bugs import BUG_BIO_ALLOC, BUG_DM_IO
from gfplab.kernel.costs import C_DM_BOOKKEEPING
from gfplab.kernel.gfp import GFP_NOIO
from gfplab.kernel.symbols import (
    bio_alloc_bioset,
    bio_endio,
    bio_put,
    crypt_map,
    decide_inflight_gate,
    generic_make_request,
    kernel_bug,
    mempool_alloc,
    mempool_free,
)
from gfplab.kernel.types import END_DM_CLONE, END_SWAP_WRITE

ERA_DEPTH_FIRST = 61


@kernel
def dm_make_request(k, bio):
    """Map a bio of a dm device onto the device below."""
    burn(k, k.costs[C_DM_BOOKKEEPING] // 2)
    yield from __split_and_process_bio(k, bio)
    return 0


@kernel
def __split_and_process_bio(k, bio):
    """Clone the bio in pieces of split_pages (0: whole) and map each; it ends when all of them have.

    v4.7 allocates all pieces in one go, so a pool smaller than the number of pieces needs its rescuer.  Since v4.15 the
    rest of the bio is submitted anew after each piece, behind whatever that piece became.
    """
    crypt = k.bios[bio].dev
    if k.bios[bio].dm_mapped == 0:
        element = yield from mempool_alloc(k, k.crypts[crypt].io_pool, GFP_NOIO)
        if element == 0:
            kernel_bug(k, BUG_DM_IO, crypt)
            return 0
        k.bios[bio].dm_io = element
        k.bios[bio].dm_pending = 1  # ours, until all pieces are mapped
    while True:
        clone = yield from alloc_tio(k, crypt)
        if clone == 0:
            kernel_bug(k, BUG_BIO_ALLOC, k.crypts[crypt].tio_bioset)
            return 0
        clone_bio(k, clone, bio)
        rest = k.bios[bio].nr_pages - k.bios[bio].dm_mapped
        yield from __map_bio(k, crypt, clone)
        if rest == 0:
            break
        if k.vm[0].era >= ERA_DEPTH_FIRST:
            yield from generic_make_request(k, bio)
            return 0
    bio_endio(k, dec_pending(k, bio))
    return 0


@kernel
def alloc_tio(k, crypt):
    """A clone bio with its dm_target_io, from the device's own bio set."""
    clone = yield from bio_alloc_bioset(k, k.crypts[crypt].tio_bioset, GFP_NOIO)
    return clone


@plain
def clone_bio(k, clone, bio):
    """Make the clone the next piece of the bio. Writes: both."""
    c = k.bios[clone]
    b = k.bios[bio]
    split = k.crypts[b.dev].split_pages
    c.nr_pages = b.nr_pages - b.dm_mapped
    if split and c.nr_pages > split:
        c.nr_pages = split
    c.rw = b.rw
    c.dev_kind = b.dev_kind
    c.dev = b.dev
    c.sector = b.sector + b.dm_mapped
    c.page = b.page
    c.last_page = b.last_page
    c.file = b.file
    c.end_io = END_DM_CLONE
    c.parent = bio
    b.dm_mapped += c.nr_pages
    b.dm_pending += 1
    return 0


@kernel
def __map_bio(k, crypt, clone):
    """Let the target have the clone. Where swap bios in flight are limited, it is their submitter who waits here."""
    limited = k.crypts[crypt].linear == 0 or k.crypts[crypt].swap_bios
    if limited and k.bios[k.bios[clone].parent].end_io == END_SWAP_WRITE:
        yield from __down_common(k, crypt)
        k.bios[clone].swap_gated = 1
    if k.crypts[crypt].linear:
        k.bios[clone].dev_kind = k.crypts[crypt].lower_kind
        k.bios[clone].dev = k.crypts[crypt].lower
        k.bios[clone].sector += k.crypts[crypt].start
        yield from generic_make_request(k, clone)
    else:
        yield from crypt_map(k, clone)
    return 0


@plain
def admitted(k, crypt, task):
    """1 if one more swap bio may enter the device: the policy says so, or none is in it."""
    if k.crypts[crypt].swap_bios_out == 0:
        return 1
    return decide_inflight_gate(k, 0, crypt, task)


@kernel
def __down_common(k, crypt):
    """Take one of the device's swap_bios; a sleeper is handed the one that comes free."""
    if admitted(k, crypt, k.e[0].cur):
        k.crypts[crypt].swap_bios_out += 1
    else:
        yield schedule(k.crypts[crypt].swap_wait, TASK_UNINTERRUPTIBLE)
    return 0


@plain
def __up(k, crypt):
    """A swap bio has left: hand its place to the first sleeper, and any others that there are now."""
    queue = k.crypts[crypt].swap_wait
    k.crypts[crypt].swap_bios_out -= 1
    while waitqueue_active(k, queue) and admitted(k, crypt, k.waitqueues[queue].head):
        k.crypts[crypt].swap_bios_out += 1
        wake_up(k, queue)
    return 0


@plain
def clone_endio(k, bio):
    """A clone has ended; returns the bio it was a piece of if that has ended with it, else 0."""
    above = k.bios[bio].parent
    if k.bios[bio].swap_gated:
        __up(k, k.bios[above].dev)
    bio_put(k, bio)
    return dec_pending(k, above)


@plain
def dec_pending(k, bio):
    """One piece of the bio fewer is outstanding; returns the bio if it was the last, else 0."""
    b = k.bios[bio]
    b.dm_pending -= 1
    if b.dm_pending:
        return 0
    mempool_free(k, k.crypts[b.dev].io_pool, b.dm_io)
    b.dm_io = 0
    return bio
