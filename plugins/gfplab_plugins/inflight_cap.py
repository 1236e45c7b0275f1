"""Limit how many swap pages are on their way through a dm device, and let the one who submits more of them wait.

Mikulas Patocka asked for it on 27 July and 3 August 2016 and had patches for dm; Neil Brown agreed that a driver which
allocates for every request must not take any number of them.  It went in with v5.12 as dm's swap_bios, 2048 unless set
otherwise.  The limit bounds the memory that double buffering takes, about 5.7 KiB a page, and with it how deep any
policy of the pools can be driven; the wait moves from the worker to kswapd and the direct reclaimers.

Too low, and the device runs dry.  It goes with every policy of mempool_step; the device's own limit holds as well.
"""

from gfplab import hookimpl, tunable

pages = tunable(512, low=16, high=8192, log=True, help="swap bios in flight per device")


@hookimpl
def inflight_gate(crypt, my):
    if crypt.swap_bios and crypt.swap_bios_out >= crypt.swap_bios:
        return 0
    return crypt.swap_bios_out < my.pages
