"""From the source as written to integer code: stores are wrapped by i64(), views become indices, constants numbers.

`rewrite(function, program, mode, check)` gives a new FunctionDef whose nodes keep their original line numbers.

              stores to state   stores to locals, results   views            constants
  generators  i64               as written                  as written       globals
  steps       i64               i64                         indices          globals
  compiled    i64               i64                         indices          numbers

In check builds asserts stay (elsewhere they go), every index is bounded() and what goes into a compact array fits().
`k.a[f(k)] += v` evaluates f once, as Python does, through a local _x<n>.
"""

import ast
import copy

import numpy as np

from gfplab.engine.expressions import is_docstring, is_wait

GENERATORS, STEPS, COMPILED = "generators", "steps", "compiled"


def load(name):
    return ast.Name(name, ast.Load())


def call(name, *args):
    return ast.Call(load(name), list(args), [])


def call_i64(value):
    return value if isinstance(value, ast.Constant) else call("i64", value)


class Rewrite(ast.NodeTransformer):
    """The rewriting of one function."""

    def __init__(self, function, program, mode, check):
        self.f, self.program, self.mode, self.check = function, program, mode, check
        self.locals = {
            n.id for n in ast.walk(function.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        self.locals |= set(function.params)
        self.nr_hoisted = 0

    def run(self):
        node = self.f.fresh_node()
        body = node.body[1:] if is_docstring(node.body[0]) else node.body
        node.decorator_list, node.returns = [], None
        for a in node.args.args:
            a.annotation = None
        node.body = self.body(body)
        if not isinstance(node.body[-1], ast.Return):
            node.body.append(ast.copy_location(ast.Return(ast.Constant(0)), node.body[-1]))
        return ast.fix_missing_locations(node)

    def body(self, statements):
        out = []
        for st in statements:
            new = self.visit(st)
            new = new if isinstance(new, list) else [new] if new else []
            out += [ast.copy_location(n, st) for n in new]
        return out or [ast.copy_location(ast.Pass(), statements[0] if statements else self.f.node)]

    def wrap(self, value, local):
        """i64(value), where this mode wants it."""
        plain_number = isinstance(value, ast.Constant) or (isinstance(value, ast.Call) and value.func.id == "i64")
        if plain_number or is_wait(value) or (local and self.mode == GENERATORS):
            return value
        return call("i64", value)

    # ------------------------------------------------------------ statements
    def visit_If(self, st):
        st.test, st.body = self.visit(st.test), self.body(st.body)
        st.orelse = self.body(st.orelse) if st.orelse else []
        return st

    def visit_While(self, st):
        st.test, st.body = self.visit(st.test), self.body(st.body)
        return st

    def visit_For(self, st):
        st.iter.args = [self.visit(a) for a in st.iter.args]
        st.body = self.body(st.body)
        return st

    def visit_Assign(self, st):
        target = st.targets[0]
        if isinstance(target, ast.Name) and target.id in self.f.views:
            if self.mode != GENERATORS:
                st.value = self.wrap(self.index(st.value), True)
                return st
        st.value = self.small(target, self.wrap(self.visit(st.value), isinstance(target, ast.Name)))
        st.targets = [self.visit(target)]
        return st

    def visit_AugAssign(self, st):
        if isinstance(st.target, ast.Name):
            value = ast.BinOp(load(st.target.id), st.op, self.visit(st.value))
            return ast.Assign([st.target], self.wrap(value, True))
        out = []
        element = st.target.value if isinstance(st.target, ast.Attribute) else st.target
        if isinstance(element, ast.Subscript) and not isinstance(element.slice, (ast.Name, ast.Constant)):
            calls = [n for part in (element.slice, st.value) for n in ast.walk(part) if isinstance(n, ast.Call)]
            if calls:
                self.nr_hoisted += 1
                name = f"_x{self.nr_hoisted}"
                self.locals.add(name)
                out.append(ast.Assign([ast.Name(name, ast.Store())], self.wrap(self.visit(element.slice), True)))
                element.slice = load(name)
        old = copy.deepcopy(st.target)
        old.ctx = ast.Load()
        value = ast.BinOp(self.visit(old), st.op, self.visit(st.value))
        out.append(ast.Assign([self.visit(st.target)], self.small(st.target, self.wrap(value, False))))
        return out

    def visit_Return(self, st):
        if is_wait(st.value):
            st.value = self.visit(st.value)
        else:
            st.value = self.wrap(self.visit(st.value) if st.value else ast.Constant(0), True)
        return st

    def visit_Assert(self, st):
        if not self.check:
            return None
        if self.mode != COMPILED:
            st.test = self.visit(st.test)
            return st
        text = f"{self.f.file}:{st.lineno}: assert {ast.unparse(st.test)}"
        failure = ast.Raise(ast.Call(load("AssertionError"), [ast.Constant(text)], []), None)
        return ast.If(ast.UnaryOp(ast.Not(), self.visit(st.test)), [ast.copy_location(failure, st)], [])

    # ------------------------------------------------------------ values
    def visit_Name(self, e):
        if e.id in self.locals or self.mode != COMPILED or e.id in ("k", "i64", "bounded", "fits"):
            return e
        value = self.program.constant(self.f, e.id)
        return e if value is None else ast.Constant(value)

    def visit_Constant(self, e):
        return ast.Constant(int(e.value)) if isinstance(e.value, bool) else e

    def visit_Call(self, e):
        e.args = [self.visit(a) for a in e.args]
        if self.mode == COMPILED and e.func.id in ("min", "max", "abs"):
            e.args = [self.wrap(a, False) for a in e.args]
        return e

    def visit_UnaryOp(self, e):
        e.operand = self.visit(e.operand)
        if self.mode == COMPILED and not isinstance(e.op, ast.Not):
            e.operand = self.wrap(e.operand, False)
        return e

    def visit_Attribute(self, e):
        if isinstance(e.value, ast.Name) and e.value.id in self.f.views and self.mode != GENERATORS:
            array = ast.Attribute(load("k"), self.f.views[e.value.id], ast.Load())
            e.value = ast.Subscript(array, load(e.value.id), ast.Load())
        elif isinstance(e.value, ast.Subscript):
            e.value.slice = self.index(e.value)
        return e

    def visit_Subscript(self, e):
        e.slice = self.index(e)
        return e

    def index(self, element):
        """The index of k.<array>[index], checked in check builds."""
        text = f"{self.f.file}:{element.lineno}: {ast.unparse(element)}"
        array = copy.deepcopy(element.value)
        index = self.visit(element.slice)
        return call("bounded", array, call_i64(index), ast.Constant(text)) if self.check else index

    def small(self, target, value):
        """A value stored into a compact array; the pure modes refuse by themselves what does not fit."""
        dtype = self.program.schema.dtypes.get(target.value.attr, "i8") if isinstance(target, ast.Subscript) else "i8"
        if dtype == "i8" or not self.check or self.mode != COMPILED:
            return value
        limits = np.iinfo(dtype)
        text = f"{self.f.file}:{target.lineno}: {ast.unparse(target)}"
        return call(
            "fits", call_i64(value), ast.Constant(int(limits.min)), ast.Constant(int(limits.max)), ast.Constant(text)
        )


def rewrite(function, program, mode, check):
    """The function as integer code for one mode."""
    return Rewrite(function, program, mode, check).run()
