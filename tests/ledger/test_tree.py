"""The tree against a second reading of RFC 6962, straight from its definition."""

from __future__ import annotations

import hashlib

import pytest

from hub.ledger.tree import consistency, inclusion, is_consistent, is_included, leaf_hash, root_of, subtree

LEAVES = [leaf_hash(str(number).encode()) for number in range(70)]


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def at(level: int, number: int) -> bytes:
    return mth(LEAVES[number << level : (number + 1) << level])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 31, 64, 65, 70])
def test_root_and_proofs_of_every_leaf(size: int) -> None:
    root = mth(LEAVES[:size])
    assert root_of(LEAVES[:size]) == root == subtree(at, 0, size)
    for index in range(size):
        path = inclusion(at, index, size)
        assert is_included(LEAVES[index], index, size, path, root)
        assert not is_included(LEAVES[index], index + 1, size, path, root)
        assert not is_included(LEAVES[(index + 1) % 70], index, size, path, root)
        assert not path or not is_included(LEAVES[index], index, size, path[:-1], root)


def test_consistency_of_every_pair() -> None:
    for size in range(1, 40):
        for old in range(1, size + 1):
            path = consistency(at, old, size)
            old_root, root = mth(LEAVES[:old]), mth(LEAVES[:size])
            assert is_consistent(old, size, old_root, root, path), (old, size)
            assert old == size or not is_consistent(old, size, bytes(32), root, path)
            assert not is_consistent(old, size, old_root, bytes(32), path)
            assert not is_consistent(old, size, old_root, root, [*path, bytes(32)])
