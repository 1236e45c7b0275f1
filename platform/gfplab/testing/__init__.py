"""For the tests of a policy's author: fixtures (plugin.py), small machines, runs, comparisons, snapshots of tables.

pytest finds the fixtures by itself when gfplab is installed; docs/testing-a-policy.md shows their use.
"""
