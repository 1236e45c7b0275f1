"""A kernel function as a step function: a state machine whose pc and live locals are words of the task's stack.

    def f(k, a): ... yield R ... x = yield from g(k, a) ... return v
becomes
    def f__step(k, _t, _fp): -> STEP_BLOCK, STEP_CALL, STEP_RETURN or STEP_OVERFLOW          (frames.py: the ABI)

It loads what is live at stk[_fp + 1], runs blocks until one ends in a wait or the return, and stores what is live
after that. Locals that are live at no wait have no slot. In compiled code a call of g runs g__step at once, on its
frame, and goes on if that returned, its locals where they were; a callee that waits sends all its callers back to the
event loop, and only then do they store what is live.  lowering.py cuts, liveness.py decides what lives, emission is
here.
"""

import ast
import functools

from gfplab.engine.frames import FRAME_HEADER, STEP_BLOCK, STEP_CALL, STEP_OVERFLOW, STEP_RETURN
from gfplab.engine.liveness import blocks_live
from gfplab.engine.lowering import BRANCH, GOTO, RETURN, WAIT, Lowering
from gfplab.engine.requests import REQUESTS
from gfplab.engine.rewrite import COMPILED, STEPS, rewrite
from gfplab.engine.subset import KernelBuildError

MAX_FRAME = 64


class Step:
    """What is known of one kernel function's frames, and its step function for each mode."""

    def __init__(self, function, program):
        self.f, self.program, self.fid = function, program, program.fids[function.name]
        cut = self.cut(STEPS, True)  # asserts keep more locals alive: with them the frame fits check builds and others
        self.blocks, self.pc_of_line = cut.blocks, cut.pc_of_line
        self.line_of_pc = {pc: line for line, pc in cut.pc_of_line.items()} | {0: function.line}
        params = function.params[1:]
        saved = set().union(*[b.live for b in self.blocks if b in cut.entered])
        slots = [*params, *sorted(saved - set(params))]
        self.slots = {v: FRAME_HEADER + i for i, v in enumerate(slots)}
        self.size = FRAME_HEADER + len(slots)
        if self.size > MAX_FRAME:
            raise KernelBuildError(
                f"{function.where}: {function.name}() keeps {len(slots)} locals across waits, "
                f"more than {MAX_FRAME - FRAME_HEADER}"
            )

    @functools.cached_property
    def changed(self):
        """Locals that the function assigns; the slot of any other parameter always holds its value."""
        return stored_names(self.blocks)

    @functools.lru_cache  # noqa: B019 - a step lives as long as its model
    def live(self, check):
        """pc -> locals that the frame holds there; every other slot is dead."""
        return {b.pc: sorted(b.live, key=self.slots.get) for b in self.cut(STEPS, check).entered}

    def shown(self, check, pc):
        """name -> slot of the locals that a backtrace can show; for a loop variable, its hidden counter."""
        live = self.live(check)[pc]
        kept = [v for v in self.slots if v in live or v not in self.changed]
        counters = {v[1:].rpartition("_")[0]: self.slots[v] for v in kept if v.startswith("_") and v[1] != "_"}
        return counters | {v: self.slots[v] for v in kept if not v.startswith("_")}

    def cut(self, mode, check):
        """Blocks of the function rewritten for `mode`, with what is live at each."""
        node = rewrite(self.f, self.program, mode, check)
        cut = Lowering(node)
        blocks_live(cut.blocks)
        local = stored_names(cut.blocks) | set(self.f.params[1:])
        for b in cut.blocks:
            b.live &= local
        return cut

    def tree(self, mode, check):
        """The step function as a syntax tree with the line numbers of the source."""
        return Emission(self, self.cut(mode, check), mode).function()


def stored_names(blocks):
    """Names that the blocks assign."""
    nodes = (n for b in blocks for st in b.body for n in ast.walk(st))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} | {
        b.result for b in blocks if b.result
    }


class Emission:
    """Writes the step function of one cut."""

    def __init__(self, step, cut, mode):
        self.step, self.cut, self.mode, self.line = step, cut, mode, step.f.line
        self.changed = stored_names(cut.blocks)
        calls = (b for b in cut.blocks if b.end == WAIT and not isinstance(b.value, ast.Yield))
        # compiled: where a call goes on at once; the blocks' own numbers are where a frame is entered
        own = 1 + max(b.pc for b in cut.blocks)
        self.returned = {b.next[0]: own + b.next[0].pc for b in calls} if mode == COMPILED else {}

    def text(self, text, line=None, **nodes):
        """Statements from text; names in capitals stand for the given nodes."""
        body = ast.parse(text).body
        for st in body:
            Fill(nodes, line or self.line).visit(st)
        return body

    def function(self):
        f = self.step.f
        carried = sorted(set().union(*[b.live for b in self.cut.blocks], {b.result for b in self.returned if b.result}))
        bodies = [(pc, self.block(b)) for b, pc in self.returned.items()]
        bodies += [
            (b.pc, self.entry(b) if b in self.returned else self.entry(b) + self.block(b)) for b in self.cut.blocks
        ]
        chain = []
        for pc, body in reversed(sorted(bodies, key=lambda numbered: numbered[0])):
            branch = self.text(f"if _pc == {pc}: pass")[0]
            branch.body, branch.orelse = body, chain
            chain = [branch] if chain or len(bodies) == 1 else body
        node = self.text(
            f"def {f.name}__step(k, _t, _fp):\n    _task = k.tasks[_t]\n    _pc = k.stk[_fp + 1]\n    while True: pass"
        )[0]
        loop = node.body.pop()
        loop.body = chain
        if len(self.cut.blocks) == 1:
            loop.body = chain[0].body
        nothing = "unset()" if self.mode == COMPILED else "0"  # it is assigned before it is read
        node.body += [st for v in carried for st in self.text(f"{v} = {nothing}")] + [loop]
        return ast.fix_missing_locations(node)

    def entry(self, b):
        """Load what is live where a frame is entered."""
        if b not in self.cut.entered:
            return []
        out = self.at(b.line, *[f"{v} = k.stk[_fp + {self.step.slots[v]}]" for v in self.step_live(b)])
        if b.result:
            out += self.at(b.line, f"{b.result} = _task.ret")
        return out + (self.goto(b, b.line) if b in self.returned else [])

    def block(self, b):
        out = []
        for st in b.body:
            new = Returns(self).visit(st)
            out += new if isinstance(new, list) else [new]
        line = getattr(b.value, "lineno", out[-1].lineno if out else b.line)
        if b.end == GOTO:
            return out + self.goto(b.next[0], line)
        if b.end == BRANCH:
            yes, no = (n.pc for n in b.next)
            return out + self.text(f"_pc = {yes} if TEST else {no}\ncontinue", line, TEST=b.value)
        if b.end == RETURN:
            return out + self.leave(b.value, line)
        return out + (self.request(b, line) if isinstance(b.value, ast.Yield) else self.enter(b, line))

    def step_live(self, b):
        return sorted(b.live, key=self.step.slots.get)

    def at(self, line, *texts):
        return [st for t in texts for st in self.text(t, line)]

    def goto(self, b, line):
        return self.text(f"_pc = {self.returned.get(b, b.pc)}\ncontinue", line)

    def leave(self, value, line):
        return self.text(f"_task.ret = VALUE\n_task.fp = k.stk[_fp + 2]\nreturn {STEP_RETURN}", line, VALUE=value)

    def place(self, b, line):
        """Where the frame goes on."""
        return self.text(f"k.stk[_fp + 1] = {b.pc}", line)

    def save(self, b, line):
        """What lives after the wait goes into the frame; a parameter that is never assigned is there already."""
        live = [v for v in self.step_live(b) if v in self.changed]
        return self.at(line, *[f"k.stk[_fp + {self.step.slots[v]}] = {v}" for v in live])

    def request(self, b, line):
        call = b.value.value
        _, op, *abc = REQUESTS[call.func.id]
        out = [st for i, a in enumerate(call.args) for st in self.text(f"_a{i} = i64(ARG)", line, ARG=a)]
        values = [str(x[1]) if isinstance(x, tuple) else f"_a{x}" for x in abc]
        out += self.at(
            line, f"_task.req_op = {op}", *[f"_task.req_{n} = {v}" for n, v in zip("abc", values, strict=True)]
        )
        after = b.next[0]
        return out + self.save(after, line) + self.place(after, line) + self.text(f"return {STEP_BLOCK}", line)

    def enter(self, b, line):
        call = b.value.value
        fid = self.step.program.fids[call.func.id]
        out = self.text(f"_top = _fp + {self.step.size}", line)
        out += self.text(f"if _top + {MAX_FRAME} > (_t + 1) * k.e[0].stack_words:\n    return {STEP_OVERFLOW}", line)
        for i, a in enumerate(call.args[1:]):
            out += self.text(f"k.stk[_top + {FRAME_HEADER + i}] = i64(ARG)", line, ARG=a)
        out += self.text(f"k.stk[_top] = {fid}\nk.stk[_top + 1] = 0\nk.stk[_top + 2] = _fp", line)
        after = b.next[0]
        out += self.place(after, line) + self.at(line, "_task.fp = _top")
        if self.mode != COMPILED:
            return out + self.save(after, line) + self.text(f"return {STEP_CALL}", line)
        # called from here it mostly returns here; once it waits, the frames say where to go on
        out += self.text(f"_outcome = call_step(k, {fid}, _t, _top)\nif _outcome != {STEP_RETURN}: pass", line)
        out[-1].body = self.save(after, line) + self.text("return _outcome", line)
        if after.result:
            out += self.at(line, f"{after.result} = _task.ret")
        return out + self.goto(after, line)


class Fill(ast.NodeTransformer):
    """Puts nodes where their capital names stand, and everything else on one line."""

    def __init__(self, nodes, line):
        self.nodes, self.line = nodes, line

    def visit_Name(self, n):
        return self.nodes.get(n.id) or self.generic_visit(n)

    def generic_visit(self, n):
        if hasattr(n, "lineno"):
            n.lineno = n.end_lineno = self.line
            n.col_offset = n.end_col_offset = 0
        return super().generic_visit(n)


class Returns(ast.NodeTransformer):
    """A return inside a statement that was kept whole leaves the step function."""

    def __init__(self, emission):
        self.emission = emission

    def visit_Return(self, st):
        return self.emission.leave(st.value, st.lineno)
