"""What each step of the kernel costs in nanoseconds of CPU, and where the figure comes from.

The defaults are for one 3-4 GHz core of 2016; a scenario's [costs] table overrides any of them by name.  Kernel code
reads them as `k.costs[C_SCAN_PAGE]`.
"""

# name, default ns, what it pays for (order is the index in k.costs; index 0 is null)
COSTS = (
    ("pcp_alloc", 30, "order-0 page from the per-CPU list, 25-40 ns in v4.7"),
    ("pcp_free", 25, "order-0 page onto the per-CPU list"),
    ("pcp_refill", 1200, "a batch of 31 pages under zone->lock, 0.8-1.5 us"),
    ("alloc_fail", 500, "a failed fast and slow path without reclaim, 300-800 ns"),
    ("wakeup_kswapd", 1000, "waking kswapd when it sleeps, <= 2 us"),
    ("drain_all_pages", 5000, "drain_all_pages(), fixed part"),
    ("drain_cpu", 3000, "drain_all_pages(), each CPU"),
    ("slab_fast", 6, "kmem_cache_alloc() or _free() on the lock-free list, 10.5 ns the pair"),
    ("slab_cpu_partial", 60, "the next per-CPU partial slab"),
    ("slab_node_partial", 220, "the node's partial list, 150-300 ns"),
    ("slab_new", 700, "a new slab without the page itself, 500-1500 ns with it"),
    ("mempool_reserve", 22, "pop or push of a reserve element under its spinlock, 15-30 ns"),
    ("lock_transfer", 60, "cache line of a contended lock, same socket, 40-80 ns"),
    ("scan_page", 140, "one scanned page that stays, 80-200 ns"),
    ("isolate_page", 60, "taking one page off its LRU under the lock"),
    ("unmap_page", 1500, "rmap walk, unmap and its share of the TLB flush of one mapped page"),
    ("free_page", 350, "freeing one reclaimed page, mapping removal included"),
    ("pageout", 900, "swap slot, swap cache and writeback bookkeeping of one page, without bio and driver"),
    ("minor_fault", 500, "page fault without its allocation and zeroing, 0.5-1.0 us with them"),
    ("major_fault", 1500, "swap-in bookkeeping of one page"),
    ("zero_page", 120, "clearing 4 KiB, 80-200 ns"),
    ("copy_page", 300, "copying 4 KiB, 0.2-0.4 us"),
    ("touch", 100, "one touch of a resident page, a DRAM access"),
    ("bio_submit", 700, "generic_make_request() to a driver"),
    ("dm_bookkeeping", 4000, "device mapper and crypto bookkeeping of one bio, 3-6 us"),
    ("crypt_page", 2000, "AES-XTS of 4 KiB with AES-NI, 1.2-2.5 us; a scenario's encrypt time wins"),
    ("request_submit", 800, "request to the device, ring and doorbell"),
    ("irq", 2500, "one completion interrupt"),
    ("end_io", 600, "completion of one bio"),
    ("context_switch", 1500, "3-5 us with a cold cache, 0.5-1.5 us direct"),
    ("wakeup", 3000, "wake-up to running on an idle CPU, 2-5 us"),
    ("queue_work", 300, "queueing a work item; its wake-up comes on top"),
    ("kworker_create", 50000, "kthread creation unstressed, 30-80 us, without its page allocations"),
    ("process_work", 400, "taking a work item"),
    ("balance_dirty", 400, "one run of balance_dirty_pages()"),
    ("write_page", 900, "one page through the buffered write path, copy included"),
    ("direct_reclaim", 2000, "entry and exit of try_to_free_pages()"),
    ("oom_kill", 50000, "select_bad_process() and the report"),
    ("tree_insert", 150, "rb-tree insertion of one ciphertext bio"),
    ("writeback_page", 400, "one page through ext4_writepages(), without bio and driver"),
    ("buddy_page", 100, "one page between a per-CPU list and the buddy lists in v6.1, splitting and merging included"),
    ("move_freepages", 3, "looking at one page of a pageblock whose free pages change their type"),
    ("elevator_merge", 200, "looking for a waiting request that a bio may join"),
    ("elevator_insert", 300, "putting a request into the I/O scheduler"),
    ("elevator_dispatch", 300, "choosing the request that goes to the device next"),
    ("kblockd", 500, "one run of a hardware queue on kblockd, without its wake-up"),
    ("read_vmstat", 60000, "a program reads and writes down /proc/vmstat"),
    ("try_to_wake_up", 0, "what a waker pays for each task it wakes; 0 where context_switch stands for both"),
    ("direct_io", 2000, "pread() or pwrite() with O_DIRECT, without the bio's way to the driver"),
)

COST_NAMES = tuple(name for name, _, _ in COSTS)
COST_DEFAULTS = {name: ns for name, ns, _ in COSTS}
COST_HELP = {name: text for name, _, text in COSTS}

C_PCP_ALLOC = 1
C_PCP_FREE = 2
C_PCP_REFILL = 3
C_ALLOC_FAIL = 4
C_WAKEUP_KSWAPD = 5
C_DRAIN_ALL_PAGES = 6
C_DRAIN_CPU = 7
C_SLAB_FAST = 8
C_SLAB_CPU_PARTIAL = 9
C_SLAB_NODE_PARTIAL = 10
C_SLAB_NEW = 11
C_MEMPOOL_RESERVE = 12
C_LOCK_TRANSFER = 13
C_SCAN_PAGE = 14
C_ISOLATE_PAGE = 15
C_UNMAP_PAGE = 16
C_FREE_PAGE = 17
C_PAGEOUT = 18
C_MINOR_FAULT = 19
C_MAJOR_FAULT = 20
C_ZERO_PAGE = 21
C_COPY_PAGE = 22
C_TOUCH = 23
C_BIO_SUBMIT = 24
C_DM_BOOKKEEPING = 25
C_CRYPT_PAGE = 26
C_REQUEST_SUBMIT = 27
C_IRQ = 28
C_END_IO = 29
C_CONTEXT_SWITCH = 30
C_WAKEUP = 31
C_QUEUE_WORK = 32
C_KWORKER_CREATE = 33
C_PROCESS_WORK = 34
C_BALANCE_DIRTY = 35
C_WRITE_PAGE = 36
C_DIRECT_RECLAIM = 37
C_OOM_KILL = 38
C_TREE_INSERT = 39
C_WRITEBACK_PAGE = 40
C_BUDDY_PAGE = 41
C_MOVE_FREEPAGES = 42
C_ELEVATOR_MERGE = 43
C_ELEVATOR_INSERT = 44
C_ELEVATOR_DISPATCH = 45
C_KBLOCKD = 46
C_READ_VMSTAT = 47
C_TRY_TO_WAKE_UP = 48
C_DIRECT_IO = 49
