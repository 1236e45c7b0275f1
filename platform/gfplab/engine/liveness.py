"""Which locals are live where: for `may be read before it is assigned`, and for what a frame keeps across a wait."""

import ast


def reads(node):
    """Names that an expression or statement reads."""
    if node is None:
        return frozenset()
    if not hasattr(node, "names_read"):  # kept: the fixed points below ask again and again
        node.names_read = frozenset(
            n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        )
    return node.names_read


def is_forever(test):
    """True for `while True`."""
    return isinstance(test, ast.Constant) and bool(test.value)


def live_before(body, after, at_break, at_continue):
    """Names live before a list of statements, given those live after it and at the targets of break and continue."""
    live = set(after)
    for st in reversed(body):
        if isinstance(st, ast.Assign):
            target = st.targets[0]
            live = (live - {target.id} if isinstance(target, ast.Name) else live | reads(target)) | reads(st.value)
        elif isinstance(st, ast.AugAssign):
            live = live | reads(st) | ({st.target.id} if isinstance(st.target, ast.Name) else set())
        elif isinstance(st, ast.If):
            arms = [live_before(arm, live, at_break, at_continue) for arm in (st.body, st.orelse)]
            live = reads(st.test) | arms[0] | arms[1]
        elif isinstance(st, (ast.While, ast.For)):
            live = live_in_loop(st, live)
        elif isinstance(st, ast.Break):
            live = set(at_break)
        elif isinstance(st, ast.Continue):
            live = set(at_continue)
        elif isinstance(st, ast.Return):
            live = reads(st.value)
        else:
            live = live | reads(st)
    return live


def live_in_loop(st, after):
    """Names live before a loop; one look at the body does: what a later round reads first, the first may."""
    if isinstance(st, ast.For):
        assigned, head = {st.target.id}, after | reads(st.iter)
    else:
        assigned, head = set(), reads(st.test) | (set() if is_forever(st.test) else after)
    return head | (live_before(st.body, head, after, head) - assigned)


def unassigned(function):
    """(name, line of its first read) of locals that some path reads before it assigns them."""
    node = function.node
    local = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - set(
        function.params
    )
    for name in sorted(local & live_before(node.body, set(), set(), set())):
        yield (
            name,
            min(
                n.lineno
                for n in ast.walk(node)
                if isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Store)
            ),
        )


def blocks_live(blocks):
    """Fill block.live, the names live at the start of each block (lowering.py)."""
    for b in blocks:
        b.live = set()
    changed = True
    while changed:
        changed = False
        for b in reversed(blocks):
            after = set(reads(b.value)).union(*[s.live for s in b.next])
            live = live_before(b.body, after, set(), set()) - {b.result}
            if live != b.live:
                b.live, changed = live, True
