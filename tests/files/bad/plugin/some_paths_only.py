"""Answer when there is something to say."""

from gfplab import hookimpl


@hookimpl
def too_many_isolated(lruvec, scan):
    if scan.file:
        isolated = lruvec.isolated_file
    if isolated > lruvec.nr_inactive_file:
        return 1
