"""Reclaim page cache as long as there is any, and swap only then.

What people expect of vm.swappiness=0 since v3.5 (Satoru Moriya, "avoid swapping out with swappiness==0").  A storm that
consists of anonymous memory gains little, because its page cache is gone within a second; but until then nothing is
written, so no pool is asked for anything.  The price is paid by who reads the cache again.
"""

from gfplab import hookimpl

SCAN_FILE, SCAN_ANON = 0, 65536


@hookimpl
def get_scan_count(lruvec, scan):
    if not scan.may_swap or scan.vm_swap_pages <= 0:
        return SCAN_FILE
    file = lruvec.nr_inactive_file + lruvec.nr_active_file
    return SCAN_FILE if file >> scan.priority else SCAN_ANON
