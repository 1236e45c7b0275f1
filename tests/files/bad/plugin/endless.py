"""Ask until the answer is yes."""

from gfplab import hookimpl


@hookimpl
def too_many_isolated(lruvec, scan):
    tries = 0
    while True:
        tries += 1
        if tries > lruvec.isolated_file:
            tries = 0
