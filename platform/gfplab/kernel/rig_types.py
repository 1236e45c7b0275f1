"""Fields of the simulated machine for the tasks of the measuring rig.

Units and null indices as in types.py.
"""


def rig_records(s):
    """Extend the schema."""
    s.records(
        "vm",
        sampler="1: a task of the machine takes the samples", until_done="1: the run ends with its tasks",
        running_tasks="tasks the run waits for that have not ended", done="1: they have, and who waits for them knows",
        touched="touches of all hogs", pageblock_order="log2 of the pages of a pageblock", watermark_boost_factor="in 1/10000 of the high mark",
    )  # fmt: skip
    s.records(
        "disks",
        fifo="1: one server takes one request after the other",
        jitter_permille="by how much its times vary",
        mq_deadline="1: the scheduler between software queue and driver",
    )
