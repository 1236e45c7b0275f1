"""The two marks of the seam: what asks (`hookspec`) and what answers (`hookimpl`)."""

import pluggy

PROJECT = "gfplab"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
