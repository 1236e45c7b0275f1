"""What holds on every path through a policy function: a name has a value before it is read, and an answer comes out."""

import ast


def falls_through(body: list[ast.stmt]) -> bool:
    """True if some path reaches the end of `body` without a return."""
    for statement in body:
        match statement:
            case ast.Return():
                return False
            case ast.Break() | ast.Continue():
                return False
            case ast.If() if statement.orelse:
                if not falls_through(statement.body) and not falls_through(statement.orelse):
                    return False
            case ast.While() if is_true(statement.test) and not _leaves(statement.body):
                return False
    return True


def is_true(test: ast.expr) -> bool:
    """True for the test of `while True`."""
    return isinstance(test, ast.Constant) and bool(test.value)


def endless_loops(function: ast.FunctionDef) -> list[tuple[ast.While, str]]:
    """The loops that nothing leaves, and why: no break or return, and a condition that the loop does not change."""
    found = []
    for loop in ast.walk(function):
        if isinstance(loop, ast.While) and not _leaves(loop.body) and not _returns(loop):
            if is_true(loop.test):
                found.append((loop, "this loop has no end"))
            elif not _may_change(loop):
                found.append((loop, "once begun this loop has no end, for its condition stays as it is"))
    return found


def _may_change(loop: ast.While) -> bool:
    """True if something in the loop may change what its condition reads: a local, my, or a function that gets my."""
    nodes = [node for part in (loop.test, *loop.body) for node in ast.walk(part)]
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    writes_my = any(isinstance(n, ast.Attribute | ast.Subscript) and isinstance(n.ctx, ast.Store) for n in nodes)
    gives_my = any(isinstance(n, ast.Call) and any(_is_my(a) for a in n.args) for n in nodes)
    read = {n.id for n in ast.walk(loop.test) if isinstance(n, ast.Name)}
    return bool(read & stored) or ("my" in read and (writes_my or gives_my))


def _is_my(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "my"


def _leaves(body: list[ast.stmt]) -> bool:
    """True if a break in `body` ends the loop that `body` belongs to."""
    for statement in body:
        if isinstance(statement, ast.Break):
            return True
        if isinstance(statement, ast.If) and (_leaves(statement.body) or _leaves(statement.orelse)):
            return True
    return False


def _returns(loop: ast.While) -> bool:
    return any(isinstance(node, ast.Return) for node in ast.walk(loop))


def unassigned(function: ast.FunctionDef) -> list[ast.Name]:
    """Every reading of a local that some path reaches before the local has a value."""
    parameters = {argument.arg for argument in function.args.args}
    names = (node for node in ast.walk(function) if isinstance(node, ast.Name))
    locals_ = {node.id for node in names if isinstance(node.ctx, ast.Store)} - parameters
    found: list[ast.Name] = []
    _walk(function.body, frozenset(), locals_, found, [])
    return found


# What is known after a path ended (return, break, continue): everything, since nothing follows.
_Assigned = frozenset | None


def _walk(body, assigned: _Assigned, locals_: set[str], found: list[ast.Name], breaks: list) -> _Assigned:
    """The names surely assigned after `body`; None if no path comes out of it."""
    for statement in body:
        if assigned is None:
            return None
        for part in _read_first(statement):
            for node in ast.walk(part):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    if node.id in locals_ and node.id not in assigned:
                        found.append(node)
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]):
                assigned |= {name}
            case ast.Return() | ast.Continue():
                return None
            case ast.Break():
                breaks.append(assigned)
                return None
            case ast.If():
                then = _walk(statement.body, assigned, locals_, found, breaks)
                other = _walk(statement.orelse, assigned, locals_, found, breaks)
                assigned = _both(then, other)
            case ast.For(target=ast.Name(id=name)):
                _walk(statement.body, assigned | {name}, locals_, found, [])
            case ast.While():
                inner: list = []
                _walk(statement.body, assigned, locals_, found, inner)
                if is_true(statement.test):
                    assigned = None
                    for at_break in inner:
                        assigned = _both(assigned, at_break)
    return assigned


def _both(one: _Assigned, other: _Assigned) -> _Assigned:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _read_first(statement: ast.stmt) -> list[ast.AST]:
    """The expressions that a statement reads before its body, if it has one, runs."""
    match statement:
        case ast.If() | ast.While():
            return [statement.test]
        case ast.For():
            return [statement.iter]
        case ast.AugAssign(target=ast.Name(id=name)):
            return [ast.copy_location(ast.Name(name, ast.Load()), statement.target), statement.value]
    return [statement]
