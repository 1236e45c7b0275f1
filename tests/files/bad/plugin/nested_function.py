"""Keeps a helper to itself."""

from gfplab import hookimpl


@hookimpl
def too_many_isolated(lruvec):
    def above(limit):
        return lruvec.isolated_file > limit

    share = lambda pages: pages // 2
    return above(32) or share(2)
