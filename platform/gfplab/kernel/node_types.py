"""Fields of the simulated machine for what reclaim of a node keeps (v5.9 to v6.1).

Units and null indices as in types.py.
"""


def node_records(s):
    """Extend the schema."""
