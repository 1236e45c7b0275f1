"""Has an opinion on kswapd only."""

from gfplab import hookimpl


@hookimpl
def too_many_isolated(scan):
    if scan.kswapd:
        return None
    return
