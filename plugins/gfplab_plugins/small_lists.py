"""Keep next to no free pages on the lists of the CPUs: there they are no help to anybody else.

On the machine of the debate, 1 GiB and two CPUs, the lists may hide 372 pages while a zone's min mark is 957, and a
CPU whose list is full still fails the watermark test.  A refill after a passed test takes a whole batch below the mark.
Before an allocation gives up, Linux drains all lists, with an interrupt to every CPU.

Against it: the lists are what keeps zone->lock cool, and v6.1 has made them longer, not shorter.
"""

from gfplab import hookimpl, tunable

batch = tunable(1, low=1, high=63, help="pages moved at once")
batches = tunable(2, low=1, high=32, help="batches that a list may hold")


@hookimpl
def zone_batchsize(my):
    return my.batch


@hookimpl
def zone_highsize(pcp, my):
    return my.batches * pcp.batch
