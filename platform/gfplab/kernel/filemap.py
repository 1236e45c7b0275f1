"""The page cache: finding and adding pages of files, buffered writes and reads, readahead.

Models mm/filemap.c and mm/readahead.c (v4.7).  A page that is being read in has minus its file in page_private until it
is up to date; no write is partial, so a written page need not be read first.

Leaves out: mmap, truncation, direct I/O, radix-tree nodes (and the memory they take), the growth of the readahead
window, which is 32 pages from the start.
"""

from gfplab.engine.requests import cond_resched
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt
from gfplab.kernel.costs import C_COPY_PAGE, C_WRITE_PAGE
from gfplab.kernel.gfp import __GFP_NORETRY, __GFP_NOWARN, __GFP_WRITE, GFP_HIGHUSER_MOVABLE
from gfplab.kernel.symbols import (
    __lock_page,
    alloc_pages_current,
    balance_dirty_pages_ratelimited,
    ext4_mpage_readpages,
    free_hot_cold_page,
    lru_cache_add,
    mark_page_accessed,
    set_page_dirty,
    trylock_page,
    unlock_page,
    wait_on_page_bit_killable,
    workingset_activation,
    workingset_refault,
    workingset_refault__v6_1,
)
from gfplab.kernel.types import PG_active, PG_locked

READAHEAD_PAGES = 32
GFP_PAGE_CACHE_WRITE = GFP_HIGHUSER_MOVABLE | __GFP_WRITE
GFP_READAHEAD = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN


@plain
def add_to_page_cache_lru(k, page, f, index, gfp_mask):
    """Make a fresh page page `index` of file f, locked and on the inactive list; 1 if the file has that page already.

    A page that comes back soon after its eviction goes to the active list, but only for a reader: what is overwritten
    was not missed.
    """
    slot = k.files[f].base + index
    shadow = k.file_pages[slot]
    if shadow > 0:
        return 1
    k.page_flags[page] |= PG_locked
    k.page_index[page] = slot
    k.page_private[page] = f
    k.file_pages[slot] = page
    k.files[f].cached += 1
    active = 0
    if shadow < 0 and gfp_mask & __GFP_WRITE == 0:
        if k.vm[0].era >= 61:
            workingset_refault__v6_1(k, page, -shadow)  # which makes it active itself
        elif workingset_refault(k, shadow):
            active = 1
            workingset_activation(k, page)
    lru_cache_add(k, page, active)
    return 0


@plain
def mark_file_page_accessed(k, page):
    """mark_page_accessed() of a file page; an activation ages the inactive list. Writes: page_flags, lists, lruvecs."""
    was_active = k.page_flags[page] & PG_active
    mark_page_accessed(k, page)
    if k.page_flags[page] & PG_active != was_active:
        workingset_activation(k, page)


@kernel
def pagecache_get_page(k, f, index, gfp_mask):
    """Page `index` of file f, locked, made if the file has none. 0 if there is no memory for it."""
    slot = k.files[f].base + index
    while True:
        page = k.file_pages[slot]
        if page > 0:
            if trylock_page(k, page):
                return page
            yield from __lock_page(k, page)
            if k.file_pages[slot] == page:
                return page
            # it was evicted while this task slept, and the page may be somebody else's by now
            unlock_page(k, page)
            continue
        page = yield from alloc_pages_current(k, gfp_mask)
        if page == 0:
            return 0
        if add_to_page_cache_lru(k, page, f, index, gfp_mask) == 0:
            return page
        free_hot_cold_page(k, page)


@kernel
def grab_cache_page_write_begin(k, f, index):
    """The page that a write goes to, locked; 0 if there is no memory for it."""
    return (yield from pagecache_get_page(k, f, index, GFP_PAGE_CACHE_WRITE))


@kernel
def ext4_da_write_begin(k, f, index):
    """Begin a write of one whole page: blocks that exist already need nothing else."""
    return (yield from grab_cache_page_write_begin(k, f, index))


@kernel
def generic_perform_write(k, f, index, nr):
    """Write nr pages of a file from index on. Returns pages written: fewer if killed or out of memory."""
    t = k.e[0].cur
    written = 0
    while written < nr and k.tasks[t].killed == 0:
        page = yield from ext4_da_write_begin(k, f, index + written)
        if page == 0:
            break
        burn(k, k.costs[C_WRITE_PAGE])
        set_page_dirty(k, page)
        unlock_page(k, page)
        written += 1
        if over_debt(k):
            yield cond_resched()
        yield from balance_dirty_pages_ratelimited(k, k.files[f].disk)
    return written


@kernel
def __generic_file_write_iter(k, f, index, nr):
    """Write with current->backing_dev_info set, by which reclaim knows that this task writes to that device itself."""
    k.tasks[k.e[0].cur].bdi = k.files[f].disk
    written = yield from generic_perform_write(k, f, index, nr)
    k.tasks[k.e[0].cur].bdi = 0
    return written


@kernel
def ext4_file_write_iter(k, f, index, nr):
    """One writer a file: the inode's mutex is never contended."""
    return (yield from __generic_file_write_iter(k, f, index, nr))


@kernel
def __vfs_write(k, f, index, nr):
    """write() of nr whole pages. Returns pages written."""
    return (yield from ext4_file_write_iter(k, f, index, nr))


@kernel
def __do_page_cache_readahead(k, f, index, nr):
    """Start reading those of nr pages from index on that are not cached; stops at the first that finds no memory."""
    file = k.files[f]
    end = min(index + nr, file.nr)
    pending = 0  # pages before index that wait for their bio
    while index < end:
        added = 0
        if k.file_pages[file.base + index] <= 0:
            page = yield from alloc_pages_current(k, GFP_READAHEAD)
            if page == 0:
                break
            if add_to_page_cache_lru(k, page, f, index, GFP_READAHEAD) == 0:
                k.page_private[page] = -f
                added = 1
            else:
                free_hot_cold_page(k, page)
        if added:
            pending += 1
        elif pending:
            yield from ext4_mpage_readpages(k, f, index - pending, pending)
            pending = 0
        index += 1
    if pending:
        yield from ext4_mpage_readpages(k, f, index - pending, pending)
    return 0


@kernel
def page_cache_sync_readahead(k, f, index, nr):
    """A read of nr pages missed page `index`: read those, or a whole window if the file is read in order."""
    file = k.files[f]
    if index == 0 or index == file.ra_prev + 1:
        file.ra_start = index
        file.ra_marker = index
        if nr < READAHEAD_PAGES:
            file.ra_marker = index + nr
        nr = max(nr, READAHEAD_PAGES)
        file.ra_size = nr
    yield from __do_page_cache_readahead(k, f, index, nr)
    return 0


@kernel
def page_cache_async_readahead(k, f):
    """The reader has reached the marked page of the window: start reading the next one."""
    file = k.files[f]
    file.ra_start += file.ra_size
    file.ra_size = READAHEAD_PAGES
    file.ra_marker = file.ra_start
    yield from __do_page_cache_readahead(k, f, file.ra_start, READAHEAD_PAGES)
    return 0


@kernel
def do_generic_file_read(k, f, index, nr):
    """Read nr pages of a file from index on. Returns pages read: fewer if killed or out of memory."""
    file = k.files[f]
    done = 0
    while done < nr:
        slot = file.base + index + done
        if k.file_pages[slot] <= 0:
            yield from page_cache_sync_readahead(k, f, index + done, nr - done)
        elif file.ra_size > 0 and index + done == file.ra_marker:
            yield from page_cache_async_readahead(k, f)
        page = k.file_pages[slot]
        if page <= 0:
            # readahead does not try hard; this does
            page = yield from alloc_pages_current(k, GFP_HIGHUSER_MOVABLE)
            if page == 0:
                break
            if add_to_page_cache_lru(k, page, f, index + done, GFP_HIGHUSER_MOVABLE):
                free_hot_cold_page(k, page)
                continue
            k.page_private[page] = -f
            yield from ext4_mpage_readpages(k, f, index + done, 1)
        if k.page_private[page] < 0:
            killed = yield from wait_on_page_bit_killable(k, page)
            if killed:
                break
        if k.file_pages[slot] == page:
            mark_file_page_accessed(k, page)
        file.ra_prev = index + done
        burn(k, k.costs[C_COPY_PAGE])
        done += 1
        if over_debt(k):
            yield cond_resched()
    return done


@kernel
def generic_file_read_iter(k, f, index, nr):
    """Buffered read."""
    return (yield from do_generic_file_read(k, f, index, nr))


@kernel
def __vfs_read(k, f, index, nr):
    """read() of nr whole pages. Returns pages read."""
    return (yield from generic_file_read_iter(k, f, index, nr))
