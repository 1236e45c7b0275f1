"""A file system's part in reading and writing pages: bios of up to 256 pages that lie next to each other.

Models fs/ext4/{inode,page-io,readpage}.c (v4.7), for files whose blocks all exist and lie in one piece.

Leaves out: the journal, delayed allocation and every other use of metadata, fsync, blocks smaller than a page.
"""

from gfplab.engine.requests import cond_resched
from gfplab.engine.subset import kernel, plain
from gfplab.engine.symbols import burn, over_debt
from gfplab.kernel.costs import C_WRITEBACK_PAGE
from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOIO
from gfplab.kernel.symbols import (
    __lock_page,
    bio_alloc_bioset,
    bio_put,
    blk_finish_plug,
    blk_start_plug,
    clear_page_dirty_for_io,
    end_page_writeback,
    set_page_writeback,
    submit_bio,
    trylock_page,
    unlock_page,
)
from gfplab.kernel.types import (
    BIO_READ,
    BIO_WRITE,
    END_FILE_READ,
    END_FILE_WRITE,
    PG_dirty,
    PG_writeback,
)

BIO_MAX_PAGES = 256
FS_BIO_SET = 1


@plain
def file_bio_init(k, bio, f, index, nr, rw):
    """Let a fresh bio stand for nr pages of a file from index on. Writes: bios."""
    b = k.bios[bio]
    file = k.files[f]
    b.rw = rw
    b.dev_kind = file.dev_kind
    b.dev = file.dev
    b.sector = file.write_base + index
    b.nr_pages = nr
    b.page = k.file_pages[file.base + index]
    b.last_page = k.file_pages[file.base + index + nr - 1]
    b.file = f
    b.task = k.e[0].cur
    b.end_io = END_FILE_WRITE
    if rw == BIO_READ:
        b.end_io = END_FILE_READ


@plain
def find_get_pages_tag(k, f, index, end, left):
    """The next page of a file in [index, end) that is dirty and not under writeback; end if none.

    The search gives up after having seen as many dirty pages as it is told are left.
    """
    base = k.files[f].base
    while index < end and left > 0:
        page = k.file_pages[base + index]
        if page > 0 and k.page_flags[page] & PG_dirty:
            if k.page_flags[page] & PG_writeback == 0:
                return index
            left -= 1
        index += 1
    return end


@kernel
def ext4_bio_write_page(k, f, index, bio, nr):
    """Put a locked page under writeback as page number nr of a bio, which the first page makes. Returns the bio."""
    page = k.file_pages[k.files[f].base + index]
    set_page_writeback(k, page)
    burn(k, k.costs[C_WRITEBACK_PAGE])
    if bio == 0:
        bio = yield from bio_alloc_bioset(k, FS_BIO_SET, GFP_NOIO)
        file_bio_init(k, bio, f, index, 1, BIO_WRITE)
    else:
        k.bios[bio].nr_pages = nr + 1
        k.bios[bio].last_page = page
    unlock_page(k, page)
    return bio


@kernel
def ext4_io_submit(k, bio):
    """Send a bio that is complete."""
    yield from submit_bio(k, bio)
    return 0


@kernel
def mpage_prepare_extent_to_map(k, f, index, end, nr_to_write):
    """Write at most nr_to_write dirty pages of a file in [index, end); returns how many. Writes: files.cursor."""
    file = k.files[f]
    base = file.base
    bio = 0
    in_bio = 0
    wrote = 0
    while wrote < nr_to_write:
        index = find_get_pages_tag(k, f, index, end, file.nr_dirty)
        # pages that do not adjoin go into another bio, and none stays behind in a half-filled one
        if bio and (index >= end or in_bio == BIO_MAX_PAGES or k.bios[bio].sector + in_bio != file.write_base + index):
            yield from ext4_io_submit(k, bio)
            bio = 0
            in_bio = 0
            continue
        if index >= end:
            break
        page = k.file_pages[base + index]
        if trylock_page(k, page) == 0:
            if bio:
                yield from ext4_io_submit(k, bio)
                bio = 0
                in_bio = 0
            yield from __lock_page(k, page)
            if k.file_pages[base + index] != page or k.page_flags[page] & PG_writeback:
                unlock_page(k, page)
                continue
        if clear_page_dirty_for_io(k, page) == 0:
            unlock_page(k, page)
            continue
        bio = yield from ext4_bio_write_page(k, f, index, bio, in_bio)
        in_bio += 1
        wrote += 1
        index += 1
        file.cursor = index
        if over_debt(k):
            yield cond_resched()
    if bio:
        yield from ext4_io_submit(k, bio)
    return wrote


@kernel
def ext4_writepages(k, f, nr_to_write):
    """Write up to nr_to_write dirty pages of a file in order, from where the last call left off and round once."""
    first = k.files[f].cursor
    if first >= k.files[f].nr:
        first = 0
    blk_start_plug(k)
    wrote = yield from mpage_prepare_extent_to_map(k, f, first, k.files[f].nr, nr_to_write)
    if wrote < nr_to_write and first > 0:
        more = yield from mpage_prepare_extent_to_map(k, f, 0, first, nr_to_write - wrote)
        wrote += more
    blk_finish_plug(k)
    return wrote


@kernel
def ext4_writepage(k, page):
    """Write one locked page, no longer dirty, on behalf of reclaim; it is unlocked when it is in its bio."""
    f = abs(k.page_private[page])
    bio = yield from ext4_bio_write_page(k, f, k.page_index[page] - k.files[f].base, 0, 0)
    yield from ext4_io_submit(k, bio)
    return 0


@kernel(inlined=True)
def vmscan_writepage(k, page):
    """mapping->a_ops->writepage(), as reclaim calls it."""
    yield from ext4_writepage(k, page)
    return 0


@kernel
def ext4_mpage_readpages(k, f, index, nr):
    """Read nr pages of a file from index on, which are in the page cache, locked, and not up to date."""
    blk_start_plug(k)
    while nr > 0:
        pages = min(nr, BIO_MAX_PAGES)
        bio = yield from bio_alloc_bioset(k, FS_BIO_SET, GFP_KERNEL)
        file_bio_init(k, bio, f, index, pages, BIO_READ)
        yield from submit_bio(k, bio)
        index += pages
        nr -= pages
    blk_finish_plug(k)
    return 0


@plain
def end_file_bio_write(k, bio):
    """The pages of a file write are clean."""
    b = k.bios[bio]
    first = k.files[b.file].base + b.sector - k.files[b.file].write_base
    for i in range(b.nr_pages):
        end_page_writeback(k, k.file_pages[first + i])
    bio_put(k, bio)


@plain
def end_file_bio_read(k, bio):
    """The pages of a file read are up to date: unlock them."""
    b = k.bios[bio]
    first = k.files[b.file].base + b.sector - k.files[b.file].write_base
    for i in range(b.nr_pages):
        page = k.file_pages[first + i]
        k.page_private[page] = b.file
        unlock_page(k, page)
    bio_put(k, bio)
