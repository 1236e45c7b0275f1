"""What reclaim's look at one page came to: what shrink_page_list() and shrink_folio_list() do next with it."""

KEEP = 0  # somebody else holds its lock
FREED = 1
PAGEOUT = 2  # locked, and to be written
KEEP_LOCKED = 3
ACTIVATE = 4  # locked
WAIT_FOR_WRITE = 5  # locked, and looked at again when its write has ended
