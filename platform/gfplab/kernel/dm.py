"""Device mapper: every bio is wrapped in a dm_io and handed to its target as one or more clones.

Models drivers/md/dm.c (v4.7 bio-based; v6.1 in dm_submit_bio(), where one allocation holds dm_io, dm_target_io and
clone; the limit on swap bios of v5.12, which a policy of inflight_gate decides) and drivers/md/dm-linear.c
(crypts.linear).

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
    submit_bio_noacct_nocheck,
)
from gfplab.kernel.types import END_DM_CLONE, END_SWAP_WRITE

ERA_V6_1 = 61


@kernel
def dm_make_request(k, bio):
    """Map a bio of a dm device onto the device below."""
    burn(k, k.costs[C_DM_BOOKKEEPING] // 2)
    yield from __split_and_process_bio(k, bio)
    return 0


@kernel
def __split_and_process_bio(k, bio):
    """Clone the bio in pieces of split_pages (0: whole) and map each; it ends when all of them have.

    v4.7 allocates all pieces in one go, so a pool smaller than the number of pieces needs its rescuer.
    """
    crypt = k.bios[bio].dev
    element = yield from mempool_alloc(k, k.crypts[crypt].io_pool, GFP_NOIO)
    if element == 0:
        kernel_bug(k, BUG_DM_IO, crypt)
        return 0
    k.bios[bio].dm_io = element
    k.bios[bio].dm_pending = 1  # ours, until all pieces are mapped
    while k.bios[bio].dm_mapped < k.bios[bio].nr_pages:
        clone = yield from alloc_tio(k, crypt)
        if clone == 0:
            kernel_bug(k, BUG_BIO_ALLOC, k.crypts[crypt].tio_bioset)
            return 0
        clone_bio(k, clone, bio)
        yield from __map_bio(k, crypt, clone)
    bio_endio(k, dec_pending(k, bio))
    return 0


@kernel
def dm_submit_bio(k, bio):
    """Map a bio of a dm device onto the device below."""
    burn(k, k.costs[C_DM_BOOKKEEPING] // 2)
    yield from dm_split_and_process_bio(k, bio)
    return 0


@kernel
def dm_split_and_process_bio(k, bio):
    """Map the first piece of the bio, and submit the rest anew: its turn comes when that piece is on its way below.

    So no task ever holds one element of the device's set while it waits for another, and no rescuer is needed.
    """
    crypt = k.bios[bio].dev
    if k.bios[bio].dm_mapped == 0:
        k.bios[bio].dm_pending = 1  # ours, until all pieces are mapped
    clone = yield from bio_alloc_bioset(k, k.crypts[crypt].tio_bioset, GFP_NOIO)
    if clone == 0:
        kernel_bug(k, BUG_BIO_ALLOC, k.crypts[crypt].tio_bioset)
        return 0
    clone_bio(k, clone, bio)
    rest = k.bios[bio].nr_pages - k.bios[bio].dm_mapped
    yield from __map_bio(k, crypt, clone)
    if rest:
        yield from submit_bio_noacct_nocheck(k, bio)
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
    """Let the target have the clone. With a limit on swap bios in flight, it is their submitter who waits here."""
    limited = k.crypts[crypt].linear == 0 or k.crypts[crypt].swap_bios
    if limited and k.bios[k.bios[clone].parent].end_io == END_SWAP_WRITE:
        if down_trylock(k, crypt) == 0:
            yield from down(k, crypt)
        k.bios[clone].swap_gated = 1
    if k.crypts[crypt].linear:
        k.bios[clone].dev_kind = k.crypts[crypt].lower_kind
        k.bios[clone].dev = k.crypts[crypt].lower
        k.bios[clone].sector += k.crypts[crypt].start
        if k.vm[0].era >= ERA_V6_1:
            yield from submit_bio_noacct_nocheck(k, clone)
        else:
            yield from generic_make_request(k, clone)
    else:
        yield from crypt_map(k, clone)
    return 0


@plain
def down_trylock(k, crypt):
    """1 if one more swap bio may go in now: nobody waits already, and the gate admits it. Writes: crypts."""
    if waitqueue_active(k, k.crypts[crypt].swap_wait) or swap_bio_admitted(k, crypt, k.e[0].cur) == 0:
        return 0
    k.crypts[crypt].swap_bios_out += 1
    return 1


@plain
def swap_bio_admitted(k, crypt, task):
    """1 if the gate admits a swap bio of this task; where none is in flight it is not asked, for nothing would wake."""
    return k.crypts[crypt].swap_bios_out == 0 or decide_inflight_gate(k, 0, crypt, task)


@kernel
def down(k, crypt):
    """Wait for one of the device's places for swap bios."""
    yield from __down_common(k, crypt)
    return 0


@kernel
def __down_common(k, crypt):
    """As down()."""
    yield from ___down_common(k, crypt)
    return 0


@kernel
def ___down_common(k, crypt):
    """Sleep at the end of the queue; whoever wakes the sleeper has given it its place."""
    yield schedule(k.crypts[crypt].swap_wait, TASK_UNINTERRUPTIBLE)
    return 0


@plain
def up(k, crypt):
    """A swap bio is done: its place goes to the longest sleeper, as long as the gate admits one. Writes: crypts."""
    wait = k.crypts[crypt].swap_wait
    k.crypts[crypt].swap_bios_out -= 1
    while waitqueue_active(k, wait) and swap_bio_admitted(k, crypt, k.waitqueues[wait].head):
        k.crypts[crypt].swap_bios_out += 1
        wake_up(k, wait)
    return 0


@plain
def clone_endio(k, bio):
    """A clone has ended; returns the bio it was a piece of if that has ended with it, else 0."""
    above = k.bios[bio].parent
    if k.bios[bio].swap_gated:
        up(k, k.bios[above].dev)
    bio_put(k, bio)
    return dec_pending(k, above)


@plain
def dec_pending(k, bio):
    """One piece of the bio fewer is outstanding; returns the bio if it was the last, else 0."""
    b = k.bios[bio]
    b.dm_pending -= 1
    if b.dm_pending:
        return 0
    if b.dm_io:
        mempool_free(k, k.crypts[b.dev].io_pool, b.dm_io)
        b.dm_io = 0
    return bio
