"""From a World to the arrays of a machine that is about to run: marks, pages on their lists, pools, devices, tasks."""
