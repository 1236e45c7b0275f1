"""Fields of the simulated machine for what policies may ask of the kernel beyond what Linux offers.

Units and null indices as in types.py.
"""


def policy_records(s):
    """Extend the schema."""
