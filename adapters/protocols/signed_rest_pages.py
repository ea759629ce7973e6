"""An answer that comes in pages, put together again: all of it or nothing."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.protocols.answer_tree import Path, Tree, as_path, leaf_of, rows_of
from hub.port import Garbled


def page_parameters(paging: Mapping[str, Any], number: int) -> dict[str, str]:
    """What asks for page `number`, counted from 0."""
    return {paging["page"]: str(paging["first"] + number), paging["size"]: str(paging["rows_per_page"])}


def page_count(tree: Tree, paging: Mapping[str, Any]) -> int:
    """How many pages there are by the total that the first one declares."""
    total = leaf_of(tree, as_path(paging["total"]))
    if not total.isascii() or not total.isdigit():
        raise Garbled("the total is no number")
    pages: int = -(-int(total) // paging["rows_per_page"])
    if pages > paging["most"]:
        raise Garbled("more pages than allowed", code="UPSTREAM_TOO_LARGE")
    return max(pages, 1)


def merged(trees: Sequence[Tree], paging: Mapping[str, Any]) -> Tree:
    """One tree with the rows of all. What else the pages say must be the same on each: whose record, what total."""
    if len(trees) == 1:
        return trees[0]
    rows, apart = as_path(paging["rows"]), [as_path(each) for each in (paging["rows"], *paging["differ"])]
    if any(_without(tree, apart) != _without(trees[0], apart) for tree in trees[1:]):
        raise Garbled("the pages contradict each other", code="UPSTREAM_CONFLICT")
    whole = copy.deepcopy(trees[0])
    _above(whole, rows)[rows[-1]] = [row for tree in trees for row in rows_of(tree, rows)]
    return whole


def _without(tree: Tree, paths: Sequence[Path]) -> Tree:
    rest = copy.deepcopy(tree)
    for path in paths:
        _above(rest, path).pop(path[-1], None)
    return rest


def _above(tree: Tree, path: Path) -> dict[str, Tree]:
    for name in path[:-1]:
        tree = tree.get(name)
        if not isinstance(tree, dict):
            raise Garbled(f"{'.'.join(path)}: not where it should be")
    found: dict[str, Tree] = tree
    return found
