"""Random kernel code inside the subset, and its run in the modes.

    python tests/engine/fuzz.py 0 2000            generators against steps, programs 0..1999
    python tests/engine/fuzz.py 0 400 compiled    the same through numba, eight programs to a model

A program is four blocking functions that call each other downwards, and one plain function. Everything assigned stays
small, every loop ends after a few rounds, every local that is read has been assigned: the text says so, the checker
must agree.
"""

import random
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import toy  # noqa: E402

BATCH = 8
PLAIN = 9  # the place of the plain function: nothing comes after it


class Program:
    """The text of one random program; all its names end in its number."""

    def __init__(self, number):
        self.r, self.number = random.Random(number), number
        self.blocking = [(f"f{i}_{number}", self.r.randint(0, 3)) for i in range(1, 4)]
        self.blocking.insert(0, (f"main_{number}", 1))

    def text(self):
        lines = ["@plain", f"def p_{self.number}(k, a, b):"]
        lines += self.body(PLAIN, ["a", "b"], 1, False, True)
        lines += [f"    return {self.small(['a', 'b'])}", ""]
        for i, (name, arity) in enumerate(self.blocking):
            params = ["p", "q", "u"][:arity]
            lines += ["@kernel", f"def {name}({', '.join(['k', *params])}):"]
            lines += self.body(i, params, 1, False, False)
            lines += ["    yield cpu(1)", f"    return {self.small(params)}", ""]
        return "\n".join(lines)

    # ------------------------------------------------------------ values
    def pick(self, *choices):
        return self.r.choice(choices)

    def value(self, known, depth=2):
        r = self.r
        if depth == 0 or r.random() < 0.3:
            atoms = [
                str(r.randint(-9, 9)),
                "SHIFT",
                f"k.page_flags[{r.randint(0, 9)}]",
                f"k.zones[{r.randint(1, 4)}].flags",
            ]
            return r.choice(atoms + 3 * known)
        a, b = (self.value(known, depth - 1) for _ in range(2))
        return self.pick(
            *(f"({a} {op} {b})" for op in ("+", "-", "&", "|", "^", "<", "==", ">=", "and", "or")),
            f"({a} * {r.randint(-3, 3)})",
            f"({a} // {self.pick(3, -2)})",
            f"({a} % {self.pick(5, -3)})",
            f"({a} if {self.test(known, 1)} else {b})",
            f"min({a}, {b})",
            f"(-{a} if {b} else ~{a})",
            f"(({a} & 15) >> 1)",
            f"(not {a})",
            f"k.links[{a} & 63]",
            f"p_{self.number}(k, {a}, {b})" if self.may_call else "draw(k, 9)",
        )

    def small(self, known):
        return f"({self.value(known)}) % 97 - 40"

    def test(self, known, depth=2):
        a, b = self.value(known, depth - 1), self.value(known, depth - 1)
        return self.pick(
            f"{a} {self.pick('<', '>', '==', '!=', '<=')} {b}",
            f"{a} & 1",
            f"not {a}",
            f"{a} < {b} < 9",
            f"{a} > 0 and {b} > 0",
        )

    def state(self, known):
        i = self.value(known, 1)
        return self.pick(
            f"k.zones[({i}) & 3].nr_free", f"k.links[({i}) & 63]", f"k.zones[({i}) & 3].next", "k.vm[0].total"
        )

    # ------------------------------------------------------------ statements
    def body(self, me, known, indent, loop, quiet):
        """A few statements; `me` may call the functions after it, a quiet body holds no wait."""
        self.may_call = me != PLAIN
        lines, known, views = [], list(known), []
        deepest = 2 if me == PLAIN else 4
        for _ in range(self.r.randint(1, 2) if me == PLAIN else self.r.randint(2, 4)):
            lines += self.statement(me, known, views, indent, loop, quiet, indent < deepest)
        pad = "    " * indent
        if loop and self.r.random() < 0.15:
            lines.append(pad + self.pick("break", "continue"))
        elif indent > 1 and self.r.random() < 0.06:
            lines.append(f"{pad}return {self.small(known)}")
        return lines

    def statement(self, me, known, views, indent, loop, quiet, deeper):
        r, pad, c = self.r, "    " * indent, self.r.random()
        leaf = me >= len(self.blocking) - 1
        new = lambda: r.choice("abcdxyz")  # noqa: E731

        def assign(value):
            name = new()
            if name not in known:
                known.append(name)
            return [f"{pad}{name} = {value}"]

        if not quiet and r.random() < 0.3:
            c = 0.45 + 0.23 * r.random()
        if c < 0.16:
            return assign(self.small(known))
        if c < 0.20 and known:
            return [f"{pad}{r.choice(known)} {self.pick('+=', '-=', '^=', '&=')} {self.small(known)}"]
        if c < 0.28:
            target = self.state(known)
            return [
                f"{pad}{target} {self.pick('=', '+=', '-=')} {self.small(known)}",
                f"{pad}note(k, {self.value(known)}, {target} % 99)",
            ]
        if c < 0.34:
            name = f"v{indent}"
            if name not in views:
                views.append(name)
            return [
                f"{pad}{name} = k.zones[({self.value(known, 1)}) & 3]",
                f"{pad}{name}.flags = ({name}.nr_free + 1) & 7",
            ]
        if c < 0.40 and views:
            name = r.choice(views)
            return [
                f"{pad}{name}.{self.pick('next', 'flags')} += {name}.flags & 3",
                f"{pad}note(k, {name}.next, {name}.flags)",
            ]
        if c < 0.45:
            return [
                f"{pad}k.page_flags[({self.value(known, 1)}) & 15] {self.pick('=', '^=', '|=')} "
                f"({self.value(known)}) & 127"
            ]
        if c < 0.52 and not quiet:
            return [f"{pad}yield {self.request(known)}"]
        if c < 0.60 and not quiet:
            return assign(f"yield {self.request(known)}")
        if c < 0.68 and not quiet and not leaf:
            return (
                assign(f"yield from {self.call(me, known)}")
                if r.random() < 0.7
                else [f"{pad}yield from {self.call(me, known)}"]
            )
        if c < 0.78 and deeper:
            lines = [f"{pad}if {self.test(known)}:"] + self.body(me, known, indent + 1, loop, quiet)
            if r.random() < 0.3:
                lines += [f"{pad}elif {self.test(known)}:"] + self.body(me, known, indent + 1, loop, quiet)
            if r.random() < 0.5:
                lines += [f"{pad}else:"] + self.body(me, known, indent + 1, loop, quiet)
            self.may_call = me != PLAIN
            return lines
        if c < 0.86 and deeper:
            return self.loop_while(me, known, indent, quiet or r.random() < 0.15)
        if c < 0.94 and deeper:
            return self.loop_for(me, known, indent, quiet or r.random() < 0.15)
        if c < 0.96:
            return [f"{pad}assert {self.test(known)} or 1"]
        if loop and c < 0.98:
            return [f"{pad}if {self.test(known)}:", f"{pad}    {self.pick('break', 'continue')}"]
        if r.random() < 0.5:
            return [f"{pad}if {self.test(known)}:", f"{pad}    return {self.small(known)}"]
        if not quiet and not leaf and r.random() < 0.4:
            return [f"{pad}if {self.test(known)}:", f"{pad}    return (yield from {self.call(me, known)})"]
        return [f"{pad}note(k, {self.value(known)}, {self.value(known)})"]

    def loop_while(self, me, known, indent, quiet):
        pad, count = "    " * indent, f"w{indent}"
        lines = [f"{pad}{count} = 0", f"{pad}while {self.pick('True', self.test(known))}:", f"{pad}    {count} += 1"]
        lines += [f"{pad}    if {count} > {self.r.randint(1, 3)}:", f"{pad}        break"]
        return lines + self.body(me, known, indent + 1, True, quiet)

    def loop_for(self, me, known, indent, quiet):
        pad, name = "    " * indent, self.pick("i", "j", "a", f"i{indent}")
        n = self.value(known, 1)
        over = self.pick(f"({n}) & 3", f"{self.r.randint(-1, 1)}, ({n}) & 3", f"3, -1, -{self.r.randint(1, 2)}")
        inner = known if name in known else [*known, name]
        return [f"{pad}for {name} in range({over}):", *self.body(me, inner, indent + 1, True, quiet)]

    def request(self, known):
        a = f"({self.value(known, 1)}) & 7"
        return self.pick(
            f"cpu({a})",
            "cond_resched()",
            f"schedule({a}, 2)",
            f"schedule_timeout(1, {a}, 2)",
            f"io_schedule_timeout(2, {a}, 1)",
        )

    def call(self, me, known):
        name, arity = self.r.choice(self.blocking[me + 1 :])
        return f"{name}({', '.join(['k', *(self.value(known, 1) for _ in range(arity))])})"


def compare(folder, numbers, modes, check=False, events=400):
    """Run programs in one model in all `modes`; the first mode says what is right."""
    toy.NAMES["draw"] = toy.tiny.draw
    text = "\n".join(Program(n).text() for n in numbers)
    model = toy.model(folder, text, name=f"fuzz{numbers[0]}")
    builds = [model.build(mode, check) for mode in modes]
    for n in numbers:
        expected, *others = (toy.play(b, events, roots=[f"main_{n}"], seed=n % 7) for b in builds)
        for mode, got in zip(modes[1:], others, strict=True):
            assert got == expected, f"program {n}: {mode} differs from {modes[0]}"
        yield n, expected


def main(first, last, compiled):
    folder = Path(tempfile.mkdtemp(prefix="gfplab-fuzz-"))
    modes = ["generators", "steps", "compiled"] if compiled else ["generators", "steps"]
    size = BATCH if compiled else 1
    waits = 0
    for start in range(first, last, size):
        for _, outcome in compare(folder, range(start, min(start + size, last)), modes):
            waits += outcome.state["e"][0][toy.schema().fields["e"].index("nr_events")]
        if (start - first) % 100 < size or start + size >= last:
            print(f"{min(start + size, last) - first} programs agree, {waits} waits", flush=True)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), "compiled" in sys.argv)
