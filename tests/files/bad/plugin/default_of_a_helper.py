"""Gives a helper a default and a keyword."""

from gfplab import hookimpl


def above(pages, limit=32):
    return pages > limit


@hookimpl
def too_many_isolated(lruvec):
    return above(pages=lruvec.isolated_file)
