"""Run -> Polars tables with a documented schema.

Polars 2 streams by default, and then float sums differ in the last bits from run to run; whoever imports a table module
gets the in-memory engine, once for the whole process and for the worker processes that it starts.
"""

import os
import sys

os.environ["POLARS_ENGINE_AFFINITY"] = "in-memory"
if "polars" in sys.modules:  # it reads the variable only while it is being imported
    sys.modules["polars"].Config.set_engine_affinity("in-memory")
