"""The writer's tree of dm_crypt_ios in order of sectors: a skew heap, linked through crypt_ios.left and .right.

Models the rb-tree cc->write_tree of drivers/md/dm-crypt.c (v4.7): the same order of submission, cheaper to keep.

Leaves out: the tree's balance; the time of an insertion is a figure of its own (tree_insert).
"""

from gfplab.engine.subset import plain


@plain
def write_tree_merge(k, a, b):
    """The tree of all ios of two trees (0 is the empty tree, an io alone a tree of one); returns its root."""
    root = 0
    above = 0
    while a and b:
        if k.crypt_ios[b].sector < k.crypt_ios[a].sector:
            first = b
            b = a
            a = first
        if above:
            k.crypt_ios[above].left = a
        else:
            root = a
        above = a
        io = k.crypt_ios[a]
        a = io.right  # a skew heap: each merged node swaps its children
        io.right = io.left
        io.left = 0
    if a == 0:
        a = b
    if above:
        k.crypt_ios[above].left = a
    else:
        root = a
    return root


@plain
def write_tree_erase_first(k, root):
    """Take the io of the lowest sector, the root, off its tree; returns the root of the rest."""
    io = k.crypt_ios[root]
    rest = write_tree_merge(k, io.left, io.right)
    io.left = 0
    io.right = 0
    return rest
