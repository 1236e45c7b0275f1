"""Fields of the simulated machine for the I/O scheduler between software queue and driver.

Units and null indices as in types.py.
"""


def elevator_records(s):
    """Extend the schema."""
