"""dm-crypt: kcryptd encrypts writes into pages of its own, a thread submits them sorted; reads are decrypted in place.

Models drivers/md/dm-crypt.c (v4.7; v6.1 differs in what happens to a write before the writer has it, which is in
dm_crypt_write.py).

Leaves out: asynchronous ciphers (so req_pool is a reserve that nobody draws on: the first request is part of the io),
IV generation as a cost of its own, integrity tags, flushes and discards, keys.  The dm_crypt_io and the crypto request
are part of the tio clone in Linux and cost its memory here; k.crypt_ios only holds their fields.
"""

from gfplab.engine.requests import TASK_INTERRUPTIBLE, cond_resched, schedule
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt, wake_up
from gfplab.kernel.bugs import BUG_BIO_ALLOC, BUG_CRYPT_IO_SLOTS
from gfplab.kernel.costs import C_DM_BOOKKEEPING, C_TREE_INSERT
from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM, __GFP_HIGHMEM, GFP_NOIO, GFP_NOWAIT
from gfplab.kernel.symbols import (
    bio_alloc_bioset,
    bio_endio,
    bio_put,
    blk_finish_plug,
    blk_start_plug,
    generic_make_request,
    kcryptd_crypt_write_convert__v6_1,
    kernel_bug,
    mempool_alloc,
    mempool_free,
    mutex_lock,
    mutex_unlock,
    queue_work,
    submit_bio_noacct_nocheck,
    write_tree_erase_first,
    write_tree_merge,
)
from gfplab.kernel.types import BIO_READ, BIO_WRITE, END_CRYPT, WORK_KCRYPTD_CRYPT, WORK_KCRYPTD_IO_READ

ERA_V6_1 = 61


@kernel
def crypt_map(k, clone):
    """The target's map(), in the submitter's context: a read goes down at once if a bio can be had without waiting.

    Writes always go to kcryptd, so whoever submits them waits neither for memory nor for the cipher here.
    """
    io = crypt_io_init(k, clone)
    if k.crypt_ios[io].rw == BIO_READ:
        failed = yield from kcryptd_io_read(k, io, GFP_NOWAIT)
        if failed:
            queue_work(k, k.crypts[k.crypt_ios[io].crypt].wq_io, WORK_KCRYPTD_IO_READ, io)
    else:
        k.crypts[k.crypt_ios[io].crypt].queued += 1
        kcryptd_queue_crypt(k, io)
    return 0


@plain
def crypt_io_init(k, clone):
    """A dm_crypt_io for a clone. Slot 0 keeps the free list (next) and the highest slot used (used)."""
    null = k.crypt_ios[0]
    i = null.next
    if i:
        null.next = k.crypt_ios[i].next
    else:
        i = null.used + 1
        if i >= len(k.crypt_ios):
            kernel_bug(k, BUG_CRYPT_IO_SLOTS, i - 1)
            return 0
        null.used = i
    io = k.crypt_ios[i]
    io.used = 1
    io.next = 0
    io.left = 0
    io.right = 0
    io.crypt = k.bios[clone].dev
    io.base_bio = clone
    io.rw = k.bios[clone].rw
    io.sector = k.bios[clone].sector
    io.nr_pages = k.bios[clone].nr_pages
    io.pending = 0
    io.pages = 0
    io.clone = 0
    k.crypts[io.crypt].nr_pending += 1
    return i


@plain
def kcryptd_queue_crypt(k, io):
    """Queue an io for the cipher."""
    queue_work(k, k.crypts[k.crypt_ios[io].crypt].wq, WORK_KCRYPTD_CRYPT, io)
    return 0


@kernel
def kcryptd_io_read(k, io, gfp_mask):
    """Send a clone for a read down; 1 if the mask got no bio."""
    crypt = k.crypt_ios[io].crypt
    clone = yield from bio_alloc_bioset(k, k.crypts[crypt].bioset, gfp_mask)
    if clone == 0:
        return 1
    k.crypt_ios[io].pending += 1
    crypt_clone_init(k, io, clone)
    if k.vm[0].era >= ERA_V6_1:
        yield from submit_bio_noacct_nocheck(k, clone)
    else:
        yield from generic_make_request(k, clone)
    return 0


@plain
def crypt_clone_init(k, io, clone):
    """Point a clone at the device below. Writes: bios, crypt_ios."""
    i = k.crypt_ios[io]
    b = k.bios[clone]
    i.clone = clone
    b.rw = i.rw
    b.dev_kind = k.crypts[i.crypt].lower_kind
    b.dev = k.crypts[i.crypt].lower
    b.sector = k.crypts[i.crypt].start + i.sector
    b.nr_pages = i.nr_pages
    b.end_io = END_CRYPT
    b.parent = i.base_bio
    b.crypt = io
    return 0


@kernel
def kcryptd_io_read_work(k, io):
    """kcryptd_io's work item: the read again, now with the right to wait for its bio."""
    k.crypt_ios[io].pending += 1
    failed = yield from kcryptd_io_read(k, io, GFP_NOIO)
    if failed:
        kernel_bug(k, BUG_BIO_ALLOC, k.crypts[k.crypt_ios[io].crypt].bioset)
    bio_endio(k, crypt_dec_pending(k, io))
    return 0


@kernel
def kcryptd_crypt(k, io):
    """kcryptd's work item: encrypt a write, or decrypt what a read brought."""
    burn(k, k.costs[C_DM_BOOKKEEPING] // 2)
    if k.crypt_ios[io].rw == BIO_READ:
        yield from kcryptd_crypt_read_convert(k, io)
    elif k.vm[0].era >= ERA_V6_1:
        yield from kcryptd_crypt_write_convert__v6_1(k, io)
    else:
        yield from kcryptd_crypt_write_convert(k, io)
    return 0


@kernel(inlined=True)
def kcryptd_crypt_read_convert(k, io):
    """Decrypt in place and end the read."""
    yield from crypt_convert(k, io)
    bio_endio(k, crypt_dec_pending(k, io))
    return 0


@kernel(inlined=True)
def kcryptd_crypt_write_convert(k, io):
    """Get a ciphertext bio with its pages, encrypt into it, and pass it to the writer."""
    crypt = k.crypt_ios[io].crypt
    k.crypt_ios[io].pending += 1  # ours, so that the io outlives a quick completion
    clone = yield from crypt_alloc_buffer(k, io)
    k.crypts[crypt].queued -= 1
    if clone == 0:
        kernel_bug(k, BUG_BIO_ALLOC, k.crypts[crypt].bioset)
        return 0
    k.crypt_ios[io].pending += 1
    yield from crypt_convert(k, io)
    yield from kcryptd_crypt_write_io_submit(k, io)
    bio_endio(k, crypt_dec_pending(k, io))
    return 0


@kernel(inlined=True)
def crypt_alloc_buffer(k, io):
    """A clone bio and a ciphertext page for each of the io's pages.

    Round 1 asks the page pool without waiting, and gives all back if it falls short.  Round 2 may wait for pages, and
    bio_alloc_lock lets one task do so at a time: two that each hold half the pool would wait for each other for ever.
    The bio is allocated with GFP_NOIO in both rounds, so a worker can sleep in reclaim even in round 1.
    """
    crypt = k.crypt_ios[io].crypt
    gfp_mask = GFP_NOWAIT | __GFP_HIGHMEM
    while True:
        locked = 0
        if gfp_mask & __GFP_DIRECT_RECLAIM and k.crypts[crypt].no_mutex == 0:
            yield from mutex_lock(k, k.crypts[crypt].mutex)
            locked = 1
        clone = yield from bio_alloc_bioset(k, k.crypts[crypt].bioset, GFP_NOIO)
        missing = 0
        if clone:
            crypt_clone_init(k, io, clone)
            missing = k.crypt_ios[io].nr_pages
        while missing:
            page = yield from mempool_alloc(k, k.crypts[crypt].page_pool, gfp_mask)
            if page == 0:
                break
            crypt_add_page(k, io, page)
            missing -= 1
        if locked:
            mutex_unlock(k, k.crypts[crypt].mutex)
        if missing == 0:
            return clone
        crypt_free_buffer_pages(k, io)
        bio_put(k, clone)
        gfp_mask |= __GFP_DIRECT_RECLAIM
        if over_debt(k):
            yield cond_resched()


@plain
def crypt_add_page(k, io, page):
    """Add a ciphertext page to an io. Writes: crypt_ios, page links, vm.crypt_pages."""
    k.page_next[page] = k.crypt_ios[io].pages
    k.crypt_ios[io].pages = page
    k.vm[0].crypt_pages += 1
    return 0


@plain
def crypt_free_buffer_pages(k, io):
    """Give an io's ciphertext pages back to the page pool."""
    i = k.crypt_ios[io]
    page = i.pages
    i.pages = 0
    while page:
        after = k.page_next[page]
        k.page_next[page] = 0
        k.vm[0].crypt_pages -= 1
        mempool_free(k, k.crypts[i.crypt].page_pool, page)
        page = after
    return 0


@kernel
def crypt_convert(k, io):
    """Run the cipher over every page of the io."""
    for _ in range(k.crypt_ios[io].nr_pages):
        burn(k, k.crypts[k.crypt_ios[io].crypt].encrypt_ns)
        if over_debt(k):
            yield cond_resched()
    return 0


@kernel(inlined=True)
def kcryptd_crypt_write_io_submit(k, io):
    """Put the ciphertext bio into the writer's tree and wake the writer if that was empty; or submit it at once."""
    crypt = k.crypt_ios[io].crypt
    if k.crypts[crypt].no_offload:
        if k.vm[0].era >= ERA_V6_1:
            yield from submit_bio_noacct_nocheck(k, k.crypt_ios[io].clone)
        else:
            yield from generic_make_request(k, k.crypt_ios[io].clone)
        return 0
    burn(k, k.costs[C_TREE_INSERT])
    was_empty = k.crypts[crypt].tree_head == 0
    k.crypts[crypt].tree_head = write_tree_merge(k, k.crypts[crypt].tree_head, io)
    k.crypts[crypt].tree_n += 1
    if was_empty:
        wake_up(k, k.crypts[crypt].write_wait)
    return 0


@kernel
def dmcrypt_write(k, crypt):
    """The writer thread: take the whole tree, submit it in order of sectors under one plug, sleep while it is empty."""
    while True:
        if k.crypts[crypt].tree_head == 0:
            yield schedule(k.crypts[crypt].write_wait, TASK_INTERRUPTIBLE)
            continue
        tree = k.crypts[crypt].tree_head
        k.crypts[crypt].tree_head = 0
        k.crypts[crypt].tree_n = 0
        blk_start_plug(k)
        while tree:
            io = tree
            tree = write_tree_erase_first(k, tree)
            if k.vm[0].era >= ERA_V6_1:
                yield from submit_bio_noacct_nocheck(k, k.crypt_ios[io].clone)
            else:
                yield from generic_make_request(k, k.crypt_ios[io].clone)
            if over_debt(k):
                yield cond_resched()
        blk_finish_plug(k)


@plain
def crypt_endio(k, bio):
    """The device is done with a clone; returns the base bio if it has ended with it, else 0.

    Ciphertext pages go back before the clone does, and a read goes to kcryptd to be decrypted.
    """
    io = k.bios[bio].crypt
    rw = k.bios[bio].rw
    if rw == BIO_WRITE:
        crypt_free_buffer_pages(k, io)
    bio_put(k, bio)
    if rw == BIO_READ:
        kcryptd_queue_crypt(k, io)
        return 0
    return crypt_dec_pending(k, io)


@plain
def crypt_dec_pending(k, io):
    """One reason fewer for the io to live; returns its base bio if there is none left, else 0."""
    i = k.crypt_ios[io]
    i.pending -= 1
    if i.pending:
        return 0
    base_bio = i.base_bio
    k.crypts[i.crypt].nr_pending -= 1
    i.used = 0
    i.next = k.crypt_ios[0].next
    k.crypt_ios[0].next = io
    return base_bio
