"""The Merkle tree of RFC 6962 (SHA-256), its proofs and how to check them. Pure: whoever calls says where hashes stand.

`at(level, number)` gives the hash of the complete subtree of 2**level leaves that begins at leaf number * 2**level.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

At = Callable[[int, int], bytes]
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\0" + leaf).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def root(at: At, size: int) -> bytes:
    return subtree(at, 0, size) if size else EMPTY


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes that are at hand."""
    return root(lambda level, number: _complete(leaves, level, number), len(leaves))


def subtree(at: At, begin: int, end: int) -> bytes:
    """The hash over the leaves from `begin` to before `end`; at least one."""
    count = end - begin
    if count & (count - 1) == 0 and begin % count == 0:
        level = count.bit_length() - 1
        return at(level, begin >> level)
    middle = begin + _split(count)
    return node(subtree(at, begin, middle), subtree(at, middle, end))


def inclusion(at: At, index: int, size: int) -> list[bytes]:
    """That leaf `index` is in the tree of `size` leaves; the nearest hash first."""
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(subtree(at, middle, end))
            end = middle
        else:
            path.append(subtree(at, begin, middle))
            begin = middle
    return path[::-1]


def consistency(at: At, old: int, size: int) -> list[bytes]:
    """That the tree of `size` leaves begins with the tree of `old` leaves."""
    if not 0 < old < size:
        return []
    begin, end, path, whole = 0, size, [], True
    while old < end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(subtree(at, middle, end))
            end = middle
        else:
            path.append(subtree(at, begin, middle))
            begin, whole = middle, False
    if not whole:
        path.append(subtree(at, begin, end))
    return path[::-1]


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], wanted: bytes) -> bool:
    """`leaf` is the leaf's hash (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node(each, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, each)
        place, last = place >> 1, last >> 1
    return last == 0 and found == wanted


def is_consistent(old: int, size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """RFC 9162, 2.1.4.2."""
    if old == size or old == 0:
        return not path and (old == 0 or old_root == new_root)
    if not 0 < old < size:
        return False
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node(each, before), node(each, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node(after, each)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def _complete(leaves: Sequence[bytes], level: int, number: int) -> bytes:
    row = list(leaves[number << level : (number + 1) << level])
    while len(row) > 1:
        row = [node(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]
