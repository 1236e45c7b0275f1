"""Fields of the simulated machine for the tasks of the measuring rig.

Units and null indices as in types.py.
"""


def rig_records(s):
    """Extend the schema."""
