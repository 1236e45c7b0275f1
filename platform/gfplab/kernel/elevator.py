"""Merging in an I/O scheduler: a bio or request joins a waiting request that it continues or precedes.

Models block/elevator.c, block/blk-merge.c and blk_mq_sched_try_merge() (v6.1).

Leaves out: the hash table (the sorted list is walked instead; so where a read and a write end at one sector, each finds
its own kind), discards, zoned devices, I/O priorities that forbid a merge, gaps between segments: a segment is a page.
"""

from gfplab.engine.subset import plain
from gfplab.engine.symbols import burn
from gfplab.kernel.costs import C_ELEVATOR_MERGE
from gfplab.kernel.symbols import (
    blk_attempt_merge,
    blk_mq_free_sched_tag,
    blk_rq_free,
    dd_first_sorted,
    dd_merged_requests,
)

NO_MERGE = 0
BACK_MERGE = 1
FRONT_MERGE = 2


@plain
def blk_try_merge(k, request, bio):
    """How the bio would join the request: at its back, at its front, or not at all. Room is another question."""
    r = k.requests[request]
    b = k.bios[bio]
    if r.rw != b.rw:
        return NO_MERGE
    if r.sector + r.nr_pages == b.sector:
        return BACK_MERGE
    if b.sector + b.nr_pages == r.sector:
        return FRONT_MERGE
    return NO_MERGE


@plain
def elv_merge(k, disk, bio):
    """The waiting request that the bio should join, or 0: the one merged last, one that it continues or precedes."""
    last = k.disks[disk].last_merge
    if last and blk_try_merge(k, last, bio):
        return last
    front = 0
    request = dd_first_sorted(k, disk, k.bios[bio].rw)
    end = k.bios[bio].sector + k.bios[bio].nr_pages
    while request and k.requests[request].sector <= end:
        how = blk_try_merge(k, request, bio)
        if how == BACK_MERGE:
            return request
        if how == FRONT_MERGE and front == 0:
            front = request
        request = k.requests[request].sort_next
    return front


@plain
def blk_mq_sched_try_merge(k, disk, bio):
    """1 if the bio has joined a waiting request; which may close the gap to its neighbour and join that in turn."""
    if k.disks[disk].sched_queued == 0:
        return 0
    burn(k, k.costs[C_ELEVATOR_MERGE])
    request = elv_merge(k, disk, bio)
    if request == 0:
        return 0
    how = blk_try_merge(k, request, bio)
    if blk_attempt_merge(k, request, bio) == 0:
        return 0
    k.disks[disk].merges += 1
    k.disks[disk].last_merge = request
    if how == BACK_MERGE:
        after = k.requests[request].sort_next
        if after:
            attempt_merge(k, disk, request, after)
    else:
        before = k.requests[request].sort_prev
        if before:
            attempt_merge(k, disk, before, request)
    return 1


@plain
def attempt_merge(k, disk, request, following):
    """1 if the following request continued this one and there was room: it is no more, its scheduler tag is free."""
    r = k.requests[request]
    f = k.requests[following]
    if r.rw != f.rw or r.sector + r.nr_pages != f.sector:
        return 0
    if r.nr_pages + f.nr_pages > k.disks[disk].max_pages:
        return 0
    k.bios[r.bio_tail].next = f.bio_head
    r.bio_tail = f.bio_tail
    r.nr_pages += f.nr_pages
    dd_merged_requests(k, disk, request, following)
    k.disks[disk].last_merge = request
    k.disks[disk].merges += 1
    blk_rq_free(k, following)
    blk_mq_free_sched_tag(k, disk)
    return 1


@plain
def elv_attempt_insert_merge(k, disk, request):
    """1 if a request on its way in was merged into a waiting one that it continues."""
    last = k.disks[disk].last_merge
    if last and attempt_merge(k, disk, last, request):
        return 1
    merged = 0
    while True:
        before = elv_rqhash_find(k, disk, k.requests[request].rw, k.requests[request].sector)
        if before == 0 or attempt_merge(k, disk, before, request) == 0:
            return merged
        merged = 1
        request = before


@plain
def elv_rqhash_find(k, disk, rw, sector):
    """A waiting request of this direction that ends where `sector` begins, or 0."""
    request = dd_first_sorted(k, disk, rw)
    while request and k.requests[request].sector < sector:
        if k.requests[request].sector + k.requests[request].nr_pages == sector:
            return request
        request = k.requests[request].sort_next
    return 0
