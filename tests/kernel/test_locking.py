"""The mutex: one owner at a time, passed on in the order of asking."""

from io_world import MS, SECOND, IoWorld


def test_a_mutex_has_one_owner_and_passes_to_whoever_waits_longest():
    """Three tasks, each wants it three times and holds it for 1 ms: they take turns."""
    world = IoWorld(cpus=4)
    world.set("mutexes", world.take("mutexes"), wait=world.take("waitqueues"))
    for _ in range(3):
        world.job("hold_mutex", count=3, pause_ns=MS)
    world.run(SECOND)
    order = world.ended("file")
    assert len(order) == 9
    assert order[:3] == order[3:6] == order[6:]
    assert len(set(order[:3])) == 3
    times = world.ended("time")
    assert all(later - earlier >= MS - MS // 10 for earlier, later in zip(times, times[1:], strict=False))
    assert world.get("mutexes", 1, "owner") == 0


def test_waiting_for_a_mutex_is_uninterruptible_and_not_io():
    """State D, and not among the times that count as iowait."""
    world = IoWorld(cpus=4)
    world.set("mutexes", world.take("mutexes"), wait=world.take("waitqueues"))
    first = world.job("hold_mutex", count=1, pause_ns=20 * MS)
    second = world.job("hold_mutex", count=1, pause_ns=20 * MS)
    world.run(10 * MS)
    waiter = second if world.get("mutexes", 1, "owner") == first else first
    assert world.stack(waiter) == ["mutex_lock", "hold_mutex"]
    assert world.get("tasks", waiter, "state") == 2
    world.run(SECOND)
    assert world.get("tasks", waiter, "t_d") > 0
    assert world.get("tasks", waiter, "t_iowait") == 0
