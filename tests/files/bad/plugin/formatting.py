"""Explains itself."""

from gfplab import hookimpl


@hookimpl
def too_many_isolated(lruvec):
    why = f"{lruvec.isolated_file} pages are isolated"
    why = "%d pages" % lruvec.isolated_file
    return len(why) > 0
