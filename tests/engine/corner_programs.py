"""One small blocking function per corner of control flow; every `corner_*` is run as a root in all three modes.

Random programs miss corners like these (two nested loops whose inner one leaves from a waiting branch slipped through
1,500).
"""

from tiny import note

from gfplab.engine.requests import cond_resched, cpu, exit_task, io_schedule, schedule, schedule_timeout
from gfplab.engine.subset import kernel, plain

SMALL = 3
NEGATIVE = -7
__UNDERSCORED = 5


@plain
def bump(k):
    """Count, and tell the count."""
    k.vm[0].total += 1
    return k.vm[0].total


@plain
def without_result(k, a):
    note(k, a, 1)


@plain
def early(k, a):
    for i in range(10):
        if i == a:
            return i * 100
        if i > 6:
            return
    return 7


@kernel
def leaf(k, a):
    left = yield schedule_timeout(a & 3, 5 + a, 2)
    return left + a


@kernel
def no_result(k, a):
    if a & 1:
        yield cpu(a)
        return
    yield cpu(2)


@kernel
def nested(k, depth, a):
    if depth == 0:
        yield cpu(a)
        return a
    got = yield from nested(k, depth - 1, a + 1)
    yield cpu(depth)
    return got * 2 + depth


@kernel
def corner_break_in_waiting_branch_of_nested_loops(k, n):
    total = 0
    for i in range(4):
        j = 0
        while j < 5:
            j += 1
            if j == n:
                yield cpu(3)
                break
            if j == 4:
                continue
            x = yield from leaf(k, j)
            total += x
        else_ran = j
        note(k, total, else_ran)
        if i == 2:
            yield cond_resched()
            continue
        total += i
    return total


@kernel
def corner_bare_break_and_continue(k, n):
    for i in range(6):
        if i == n:
            continue
        yield cpu(i)
        if i == n + 2:
            break
        note(k, i, n)
    while True:
        n += 1
        if n > 9:
            break
        if n & 1:
            continue
        yield cpu(n)
    return n


@kernel
def corner_return_from_nested_loops(k, n):
    for i in range(5):
        for j in range(5):
            x = yield from leaf(k, i + j)
            if x > n + 4:
                return i * 10 + j
            while j == 3:
                if i == n:
                    return -1
                yield cpu(4)
                break
    return 99


@kernel
def corner_forever_until_return(k, n):
    i = 0
    while True:
        i += 1
        yield cpu(i)
        if i > 5 + n:
            return i


@kernel
def corner_loop_variable_and_bounds_are_changed(k, n):
    stop = 4
    for i in range(stop):
        stop += 5
        i = i * 3
        yield cpu(i)
        note(k, i, stop)
        i += 1
    for i in range(n, -2, -1):
        yield cpu(1)
        n += 3
        note(k, i, n)
    for i in range(5, 5):
        yield cpu(i)
    for i in range(7, 0, -3):
        note(k, i, 0)
        yield cpu(1)
    return stop


@kernel
def corner_loop_variable_is_read_later(k, n):
    i = 50
    for i in range(n):  # noqa: B007
        yield cpu(1)
    j = 60
    for j in range(n - 9):  # noqa: B007
        yield cpu(1)
    note(k, i, j)


@kernel
def corner_arms(k, n):
    for i in range(8):
        if i == 0:
            pass
        elif i == 1:
            yield cpu(1)
        elif i == 2:
            note(k, i, 2)
        elif i == 3:
            if n & 1:
                x = yield from leaf(k, 1)
            else:
                x = 5
            note(k, x, i)
        elif i == 4 and bump(k) > 0 or bump(k) < 0:
            yield from no_result(k, i)
        else:
            y = yield from no_result(k, i)
            note(k, y, bump(k))


@kernel
def corner_views(k, n):
    z = n
    zone = k.zones[z]
    z = 4
    zone.nr_free -= 1
    yield cpu(3)
    zone.nr_free -= z
    other = k.zones[zone.flags + 1]
    while other.nr_free > 5 and zone.flags < 4:
        other.nr_free -= 4
        x = yield schedule(1, 2)
        zone.flags += 1 + (x & 0)
        other = k.zones[zone.flags]
        zone = k.zones[n]
    same = k.zones[n]
    same.next = n
    yield cpu(1)
    note(k, zone.next, same.nr_free + other.nr_free)


@kernel
def corner_view_in_one_arm(k, n):
    for i in range(3):
        if i == n:
            zone = k.zones[2]
            yield cpu(2)
            zone.nr_free += 1
        else:
            zone = k.zones[3]
            zone.nr_free -= 1
        yield cond_resched()
        note(k, zone.nr_free, i)


@kernel
def corner_parameters_are_assigned(k, n):
    n += 1
    yield cpu(1)
    m = n
    n = yield from leaf(k, n)
    note(k, n, m)
    n = yield schedule_timeout(2, -1, 2)
    yield from leaf(k, m)
    return n


@kernel
def corner_waits_in_a_row(k, n):
    kept = n * 10
    x = yield cpu(1)
    y = yield from leaf(k, 2)
    z = yield schedule_timeout(1, 4, 2)
    note(k, kept + n, x * 100 + y * 10 + z)


@kernel
def corner_quiet_loop_reads_what_was_kept(k, n):
    step = n + 1
    total = 0
    i = 0
    yield cpu(1)
    for i in range(4):
        if i == 2:
            break
        total += step
    while total < 20:
        total += 9
        if total > n + 12:
            total -= step
            break
    note(k, total, i)
    yield cpu(2)
    for _ in range(2):
        if step > 1:
            continue
        total -= 1
    after_break = total * 3 + n
    yield cpu(1)
    while True:
        n += 1
        if n > 8:
            break
    return after_break


@kernel
def corner_tail_calls(k, n):
    for i in range(3):
        if i == n:
            return (yield from leaf(k, i))
    if n & 1:
        return (yield from nested(k, 2, n))
    return (yield from corner_forever_until_return(k, n))


@kernel
def corner_recursion(k, n):
    x = yield from nested(k, 5 + n, 1)
    note(k, x, 0)
    return x


@kernel
def corner_order_of_arguments(k, n):
    x = yield from nested(k, bump(k) & 1, bump(k))
    yield schedule_timeout(bump(k) & 3, bump(k), 2)
    note(k, bump(k) * 100 + bump(k), x)


@kernel
def corner_state_in_place(k, n):
    for i in range(3):
        k.links[bump(k) & 63] += bump(k)
        k.zones[bump(k) & 3].nr_free -= bump(k)
        k.links[k.vm[0].total & 63] += bump(k)
        k.links[n + i] ^= 5
        yield cpu(2)
        k.zones[k.links[n + i] & 3].next = bump(k)


@kernel
def corner_dead_code(k, n):
    while True:
        yield cpu(1)
        break
        yield cpu(1000)
    if n > 1:
        return 5
        yield cpu(1000)
    else:
        yield cpu(2)
    return 6
    note(k, 1, 1)


@kernel
def corner_quiet_loops_inside(k, n):
    for i in range(4):
        best = 0
        for j in range(6):
            if j == i:
                continue
            if j > 4:
                break
            best += k.zones[j].nr_free
            while best > 40:
                best -= 7
                if best == 20 + n:
                    return best
        yield cpu(best)
        for j in range(3):
            if k.zones[j].nr_free == n:
                return j
        note(k, best, i)
    return 0


@kernel
def corner_carried_round_the_loop(k, n):
    last = -1
    older = -2
    for i in range(5):
        note(k, last, older)
        yield cpu(last + 3)
        older = last
        if i & 1:
            last = i * n
    return older


@kernel
def corner_logic(k, n):
    for i in range(4):
        x = i and n
        y = i - 2 or bump(k)
        z = 5 if i < n < 4 else bump(k)
        both = (i < n) + (n < 3) * 2
        flag = not i
        yield cpu(x + 1)
        note(k, x * 1000 + y * 100 + z, both * 10 + flag)
        k.vm[0].nr_dirty = i == n
        note(k, k.vm[0].nr_dirty, -(i < n))


@kernel
def corner_small_integers(k, n):
    k.page_flags[1] = 3
    k.page_flags[2] = 250
    k.links[1] = -5
    x = k.page_flags[1] - k.page_flags[2]
    yield cpu(1)
    note(k, x, k.page_flags[1] * -1)
    note(k, ~k.page_flags[2], -k.page_flags[2])
    note(k, min(k.page_flags[1], k.links[1], n), max(k.links[1], -9))
    k.page_flags[3] = k.page_flags[2] - 1
    k.page_flags[2] |= 4
    k.links[2] = k.links[1] * k.page_flags[2] + abs(k.links[1])
    if k.page_flags[1] - k.page_flags[2] < 0:
        yield cpu(2)
    note(k, k.links[2], k.page_flags[3])


@kernel
def corner_division(k, n):
    for i in range(-3, 4):
        note(k, (i * 5) // 3, (i * 5) % 3)
        note(k, i // -2, i % -2)
        yield cpu(1)
        note(k, i >> 1, (i << 3) ^ n)


@kernel
def corner_constants(k, n):
    yield cpu(SMALL)
    note(k, SMALL - NEGATIVE, -NEGATIVE)
    note(k, __UNDERSCORED, ~NEGATIVE)
    note(k, FN_leaf == FN_nested, True)  # noqa: F821 - the linker makes these


@kernel
def corner_exit(k, n):
    yield from leaf(k, n)
    if n > 1:
        yield exit_task()
        note(k, 666, 666)
    yield io_schedule(1, 2)


@kernel
def corner_tests_with_side_effects(k, n):
    while bump(k) < 6:
        yield cpu(1)
        if bump(k) == 5:
            continue
    for _ in range(bump(k) & 3):
        yield cpu(2)
        bump(k)
    note(k, k.vm[0].total, n)


@kernel
def corner_loop_in_loop_starts_anew(k, n):
    for i in range(3):
        for j in range(i):
            yield cpu(j + 1)
            for m in range(j, n):
                note(k, i * 100 + j * 10 + m, 0)
                if m == 2:
                    break
                yield cpu(1)
            else_count = 1
            note(k, else_count, j)
        while True:
            yield cpu(1)
            if bump(k) & 1:
                break


@kernel
def corner_plain_results(k, n):
    x = without_result(k, n)
    note(k, x, early(k, n))
    yield cpu(1)
    note(k, early(k, 9), early(k, 7))
    run = early(k, 2)
    return run


@kernel
def corner_falls_off_its_end(k, n):
    if n == 1:
        yield cpu(1)
    elif n == 2:
        return


@kernel
def corner_wait_first_and_last(k, n):
    yield cpu(1)


@kernel
def corner_loop_that_never_runs(k, n):
    while n > 90:
        yield cpu(1)
        n += 1
    for _ in range(0):
        yield cpu(1)
    return n


@kernel
def corner_asserts(k, n):
    kept = n + 1
    yield cpu(1)
    assert kept == n + 1, "kept across the wait"
    assert k.zones[0].flags == 0
    return n
