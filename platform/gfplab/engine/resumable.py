"""stub"""
import ast
from gfplab.engine.frames import FRAME_HEADER


class Step:
    def __init__(self, f, program):
        waits = sorted(n.lineno for n in ast.walk(f.node) if isinstance(n, (ast.Yield, ast.YieldFrom)))
        self.pc_of_line = {line: i for i, line in enumerate(waits, 1)}
        self.size = FRAME_HEADER + 12
