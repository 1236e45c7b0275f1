"""Fields of the simulated machine for pageblocks, their migratetypes and the free lists of each type.

Units and null indices as in types.py.
"""


def mobility_records(s):
    """Extend the schema."""
