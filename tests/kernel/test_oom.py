"""The OOM killer: when it comes, whom it takes, and that memory comes back."""

from mm_lab import MS, OP_ALLOC_PAGE, SEC, SmallMachine

from gfplab.kernel.gfp import __GFP_NORETRY as NORETRY
from gfplab.kernel.gfp import GFP_KERNEL, GFP_NOFS, GFP_NOIO, PF_KTHREAD, TIF_MEMDIE
from gfplab.kernel.tracepoints import oom_kill_process

HOG = {"kind": "anon_toucher", "comm": "hog", "size": "40MiB", "order": "sequential", "touch": "100us"}
SMALL = {
    "kind": "anon_toucher",
    "comm": "small",
    "size": "1MiB",
    "resident": "1MiB",
    "order": "random",
    "touch": "100us",
}


def overcommitted(**options):
    """40 MiB wanted, 16 there, no swap."""
    return SmallMachine(swap=None, task=[HOG, SMALL], check_every=20, **options)


def test_who_wants_more_than_there_is_is_killed_once_and_its_memory_comes_back():
    m = overcommitted().run(3 * SEC)
    assert m.vm.oom_kill == 1 and len(m.traced(oom_kill_process)) == 1
    hog = m.task("hog")
    assert hog.killed == 1 and hog.pf_flags & TIF_MEMDIE and hog.state == 0
    assert m.k.mms[1].dead == 1 and m.k.mms[1].rss == 0
    assert m.vm.nr_free > 3000


def test_the_others_go_on():
    m = overcommitted().run(3 * SEC)
    assert m.task("small").killed == 0 and m.k.mms[2].rss == 256
    done = m.k.workloads[2].done
    m.run(4 * SEC)
    assert m.k.workloads[2].done > done


def test_the_victim_is_the_task_with_the_most_memory_not_the_one_that_asks():
    tasks = [{**HOG, "size": "9MiB", "resident": "9MiB", "start": "100s"}, {**HOG, "comm": "late", "size": "8MiB"}]
    m = SmallMachine(swap=None, task=tasks, check_every=20).run(3 * SEC)
    assert m.task("hog").killed == 1 and m.task("late").killed == 0


def test_the_reaper_frees_a_victim_that_cannot_run():
    """It sleeps for ever in a task that is not killable; its memory comes back all the same."""
    tasks = [{**HOG, "size": "9MiB", "resident": "9MiB", "start": "100s"}, {**HOG, "comm": "late", "size": "8MiB"}]
    m = SmallMachine(swap=None, task=tasks, check_every=20)
    m.run(MS)
    m.task("hog").state = 2
    m.run(3 * SEC)
    assert m.task("hog").killed == 1 and m.k.mms[1].rss == 0 and m.k.mms[1].dead == 0


def starved(mask, **options):
    m = SmallMachine({"start": {"inactive_anon": "1MiB"}}, swap=None)
    m.lose_free_pages(m.zone.wmark_min)
    m.job(OP_ALLOC_PAGE, mask, **options)
    m.run(SEC)
    return m


def test_who_may_not_reclaim_through_file_systems_does_not_kill_but_tries_on():
    for mask in (GFP_NOFS, GFP_NOIO):
        m = starved(mask, pf_flags=PF_KTHREAD)
        assert m.vm.oom_kill == 0 and not m.done


def test_who_said_noretry_does_not_kill_but_gives_up():
    m = starved(GFP_KERNEL | NORETRY, pf_flags=PF_KTHREAD)
    assert m.vm.oom_kill == 0 and m.results == [0]


def test_nobody_is_killed_while_reclaim_may_still_help():
    m = SmallMachine({"start": {"inactive_anon": "6MiB"}}, task=[{**HOG, "size": "16MiB"}], check_every=500)
    m.run(1500 * MS)
    assert m.vm.oom_kill == 0 and m.vm.pswpout > 200


def test_after_one_kill_there_is_no_other_until_the_victim_is_gone():
    m = overcommitted()
    m.k.tasks[0].killed = 0
    m.arrays["e"]["check_every"] = 1 << 40
    assert m.call("out_of_memory", 0) == 1 and m.vm.oom_kill == 1
    assert m.call("out_of_memory", 0) == 1 and m.vm.oom_kill == 1
