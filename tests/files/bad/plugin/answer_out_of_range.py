"""Says how many are too many."""

from gfplab import hookimpl


@hookimpl
def too_many_isolated(lruvec):
    return lruvec.isolated_file - lruvec.nr_inactive_file
