"""dm-crypt's writes in v6.1: the ciphertext buffer, and the cap on the pages that all buffers of a device may take.

Models kcryptd_crypt_write_convert(), crypt_alloc_buffer() and crypt_page_alloc() of drivers/md/dm-crypt.c (v6.1).

Leaves out: the error of the per-CPU counter behind the cap (up to 31 pages for each CPU), asynchronous ciphers.
"""

from gfplab.engine.requests import TASK_UNINTERRUPTIBLE, cond_resched, schedule
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import over_debt
from gfplab.kernel.bugs import BUG_BIO_ALLOC
from gfplab.kernel.gfp import __GFP_DIRECT_RECLAIM, __GFP_HIGHMEM, __GFP_NORETRY, GFP_NOIO, GFP_NOWAIT
from gfplab.kernel.symbols import (
    bio_alloc_bioset,
    bio_endio,
    bio_put,
    crypt_add_page,
    crypt_clone_init,
    crypt_convert,
    crypt_dec_pending,
    crypt_free_buffer_pages,
    kcryptd_crypt_write_io_submit,
    kernel_bug,
    mempool_alloc,
    mutex_unlock,
)


@kernel
def kcryptd_crypt_write_convert__v6_1(k, io):
    """Get a ciphertext bio with its pages, encrypt into it, and pass it to the writer."""
    crypt = k.crypt_ios[io].crypt
    k.crypt_ios[io].pending += 1  # ours, so that the io outlives a quick completion
    clone = yield from crypt_alloc_buffer__v6_1(k, io)
    k.crypts[crypt].queued -= 1
    if clone == 0:
        kernel_bug(k, BUG_BIO_ALLOC, k.crypts[crypt].bioset)
        return 0
    k.crypt_ios[io].pending += 1
    yield from crypt_convert(k, io)
    yield from kcryptd_crypt_write_io_submit(k, io)
    bio_endio(k, crypt_dec_pending(k, io))
    return 0


@kernel
def crypt_alloc_buffer__v6_1(k, io):
    """A clone bio and a ciphertext page for each of the io's pages, in two rounds as ever, with frames of its own."""
    crypt = k.crypt_ios[io].crypt
    gfp_mask = GFP_NOWAIT | __GFP_HIGHMEM
    while True:
        locked = 0
        if gfp_mask & __GFP_DIRECT_RECLAIM and k.crypts[crypt].no_mutex == 0:
            if mutex_trylock(k, k.crypts[crypt].mutex) == 0:
                yield from __mutex_lock(k, k.crypts[crypt].mutex)
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
def mutex_trylock(k, mutex):
    """1 if the mutex was free, which is the current task's now."""
    if k.mutexes[mutex].owner:
        return 0
    k.mutexes[mutex].owner = k.e[0].cur
    return 1


@kernel
def __mutex_lock(k, mutex):
    """Sleep (D) until the mutex has passed to the current task."""
    t = k.e[0].cur
    while k.mutexes[mutex].owner != t:
        yield schedule(k.mutexes[mutex].wait, TASK_UNINTERRUPTIBLE)
    return 0


@plain
def crypt_page_refused(k, pool, gfp_mask):
    """1 if a page pool may not allocate, because its device has as many pages as it may, those in reserve included.

    Only an attempt with __GFP_NORETRY is refused; as mempool_alloc() of Linux always has it, above the cap nothing but
    the reserve circulates.
    """
    p = k.pools[pool]
    if p.page_limit == 0 or gfp_mask & __GFP_NORETRY == 0:
        return 0
    return p.curr_nr + p.outstanding >= p.page_limit
