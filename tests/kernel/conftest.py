"""Kernel tests share their benches: io_world.py for the I/O path, wb_lab.py for writeback, mm_lab.py for the whole."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
