"""Fields of the simulated machine for what page faults and the swap cache of v6.1 keep.

Units and null indices as in types.py.
"""


def fault_records(s):
    """Extend the schema."""
