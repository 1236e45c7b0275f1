"""Small machines of v6.1 for the tests of reclaim, and what those tests ask of them."""

from mm_lab import SmallMachine

from gfplab.kernel.types import PG_reclaim, PG_writeback

SLOW = {"name": "vda", "read": "10s", "write": "10s", "bandwidth": "100MB/s", "parallelism": 32, "tags": 32}
FS = [{"name": "ext4", "device": "vda"}]


def machine(check_every=1, disk=None, swap=True, zones=None, answers=None, factor=0, **start):
    """Memory as the test says; start=... as in [machine.start]. No boosts unless `factor` is given."""
    options = {"disk": [disk]} if disk else {}
    if not swap:
        options["swap"] = None
    if "filesystem" in start:
        options["filesystem"] = FS
    tables = {"start": start, "pageblock_order": 8, "watermark_boost_factor": factor}
    if zones:
        tables["zone"] = zones
    return SmallMachine(machine=tables, check_every=check_every, kernel="v6.1", answers=answers, **options)


def quiet(m):
    """kswapd keeps out of it: sixteen failures make the node hopeless."""
    m.vm.kswapd_failures = 16
    return m


def listed(m, lru):
    """The pages of a list of the node, oldest first."""
    page, pages = int(m.k.lrus[4 + lru].tail), []
    while page:
        pages.append(page)
        page = int(m.arrays["page_prev"][page])
    return pages


def under_writeback(m, pages, reclaim=False):
    """These pages are being written, by nobody who will ever be done."""
    for page in pages:
        m.arrays["page_flags"][page] |= PG_writeback | (PG_reclaim if reclaim else 0)
        m.k.zones[int(m.arrays["page_zone"][page])].nr_writeback += 1
        m.vm.nr_writeback += 1
