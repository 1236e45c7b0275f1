"""A kernel function cut into blocks at its waits.

A block is a run of statements without waits that ends in one way: goto, branch, return, or a wait (a request or a
call), after which its `next` is entered.  A statement that holds no wait stays whole, except an `if` that leaves a
loop which was cut.
"""

import ast

from gfplab.engine.expressions import is_wait, literal
from gfplab.engine.liveness import is_forever

GOTO, BRANCH, RETURN, WAIT = "goto", "branch", "return", "wait"


class Block:
    """`value` is the test, result or wait that ends the block; `result` the local that gets a wait's value on entry."""

    def __init__(self, line):
        self.line, self.pc, self.body, self.live = line, None, [], set()
        self.end, self.value, self.next, self.result = None, None, [], None

    def finish(self, end, value, *following):
        self.end, self.value, self.next = end, value, list(following)


def has_wait(node):
    return any(is_wait(n) for n in ast.walk(node))


def leaves_loop(st):
    """Does this statement hold a break or continue of a loop around it?"""
    if isinstance(st, ast.If):
        return any(leaves_loop(s) for s in st.body + st.orelse)
    return isinstance(st, (ast.Break, ast.Continue))


class Lowering:
    """Cuts one rewritten function; `blocks` begins with the entry block."""

    def __init__(self, node):
        self.blocks, self.nr_names = [], 0
        last = self.cut(node.body, self.block(node.lineno), None, None)
        if last:
            last.finish(RETURN, ast.copy_location(ast.Constant(0), node.body[-1]))
        self.merge()
        waits = sorted(n.lineno for n in ast.walk(node) if is_wait(n))
        self.pc_of_line = {line: pc for pc, line in enumerate(waits, 1)}
        self.number(len(waits))

    def block(self, line):
        self.blocks.append(Block(line))
        return self.blocks[-1]

    def name(self, stem):
        """A hidden local: _<loop variable>_<n> is a loop's counter, other stems begin with one more underscore."""
        self.nr_names += 1
        return f"_{stem}_{self.nr_names}"

    def cut(self, body, cur, at_break, at_continue):
        """Append `body` to block `cur`; gives the block that goes on after it, or None if nothing does."""
        for st in body:
            if cur is None:
                return None
            if isinstance(st, ast.Return):
                value = st.value
                if is_wait(value):
                    result = self.name("_result")
                    cur = self.wait(cur, value, result)
                    value = ast.copy_location(ast.Name(result, ast.Load()), st)
                cur = cur.finish(RETURN, value)
            elif isinstance(st, (ast.Break, ast.Continue)):
                cur = cur.finish(GOTO, None, at_break if isinstance(st, ast.Break) else at_continue)
            elif isinstance(st, ast.If) and (has_wait(st) or leaves_loop(st)):
                cur = self.cut_if(st, cur, at_break, at_continue)
            elif not has_wait(st):
                cur.body.append(st)
            elif isinstance(st, ast.While):
                cur = self.cut_while(st, cur)
            elif isinstance(st, ast.For):
                cur = self.cut_for(st, cur)
            else:
                cur = self.wait(cur, st.value, st.targets[0].id if isinstance(st, ast.Assign) else None)
        return cur

    def wait(self, cur, value, result):
        after = self.block(value.lineno)
        after.result = result
        cur.finish(WAIT, value, after)
        return after

    def cut_if(self, st, cur, at_break, at_continue):
        arms, join = [self.block(st.lineno), self.block(st.lineno)], self.block(st.lineno)
        cur.finish(BRANCH, st.test, *arms)
        for statements, arm in zip((st.body, st.orelse), arms, strict=True):
            last = self.cut(statements, arm, at_break, at_continue)
            if last:
                last.finish(GOTO, None, join)
        return join

    def cut_while(self, st, cur):
        head, body, out = (self.block(st.lineno) for _ in range(3))
        cur.finish(GOTO, None, head)
        if is_forever(st.test):
            head.finish(GOTO, None, body)
        else:
            head.finish(BRANCH, st.test, body, out)
        last = self.cut(st.body, body, out, head)
        if last:
            last.finish(GOTO, None, head)
        return out

    def cut_for(self, st, cur):
        """range() is evaluated once, and the loop counts in a hidden name: the body may assign the loop variable."""
        head, body, step, out = (self.block(st.lineno) for _ in range(4))
        args = st.iter.args
        start, stop = (args[0], args[1]) if len(args) > 1 else (ast.Constant(0), args[0])
        by = literal(args[2]) if len(args) == 3 else 1
        i, n = self.name(st.target.id), self.name("_stop")
        cur.body += [assign(st, i, call_i64(start)), assign(st, n, call_i64(stop))]
        cur.finish(GOTO, None, head)
        order = ast.Lt() if by > 0 else ast.Gt()
        head.finish(BRANCH, ast.Compare(ast.Name(i, ast.Load()), [order], [ast.Name(n, ast.Load())]), body, out)
        ast.copy_location(head.value, st)
        body.body.append(assign(st, st.target.id, ast.Name(i, ast.Load())))
        step.body.append(assign(st, i, ast.BinOp(ast.Name(i, ast.Load()), ast.Add(), ast.Constant(by))))
        step.finish(GOTO, None, head)
        last = self.cut(st.body, body, out, step)
        if last:
            last.finish(GOTO, None, step)
        return out

    def merge(self):
        """Drop blocks that nothing reaches; append to each block the one that only it goes to."""
        reached = [self.blocks[0]]
        for b in reached:
            reached += [n for n in dict.fromkeys(b.next) if n not in reached]
        self.blocks = [b for b in self.blocks if b in reached]
        before = {b: sum(p.next.count(b) for p in self.blocks) for b in self.blocks}
        for b in list(self.blocks):
            while b.end == GOTO and before[b.next[0]] == 1 and b.next[0] is not b:
                n = b.next[0]
                b.body, b.end, b.value, b.next = b.body + n.body, n.end, n.value, n.next
                self.blocks.remove(n)
                before[n] = 0
                n.end = None

    def number(self, nr_waits):
        """The entry is 0, what follows a wait has the number of that wait in the source, inner blocks come last."""
        entered = {w.next[0]: self.pc_of_line[w.value.lineno] for w in self.blocks if w.end == WAIT}
        self.blocks[0].pc = 0
        for b in self.blocks[1:]:
            if b in entered:
                b.pc = entered[b]
            else:
                nr_waits += 1
                b.pc = nr_waits
        self.blocks.sort(key=lambda b: b.pc)
        self.entered = {b for b in self.blocks if b in entered or b.pc == 0}


def call_i64(value):
    return ast.Call(ast.Name("i64", ast.Load()), [value], [])


def assign(at, name, value):
    return ast.fix_missing_locations(ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], value), at))
