"""Looking into a run: the decisions of a policy one by one, the debugger at one of them, where two runs part."""
