"""An answer as a tree of dicts, lists and text, and how it is walked: strictly, a surprise is Garbled.

XML makes one row a group and many a list, and an empty list an empty element; here they are rows again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.port import Garbled

Tree = Any
Path = tuple[str, ...]
Known = dict[str, Any]


def as_path(text: str) -> Path:
    return tuple(text.split(".")) if text else ()


def _step(tree: Tree, name: str, path: Sequence[str]) -> Tree:
    """One name further down; an empty element has nothing below it."""
    if isinstance(tree, dict):
        found = tree.get(name)
        return _same(found, path) if isinstance(found, list) else found
    if tree is None or (isinstance(tree, str) and not tree.strip()):
        return None
    raise Garbled(f"{'.'.join(path)}: not where it should be")


def _same(found: list[Tree], path: Sequence[str]) -> Tree:
    """What stands twice where one is expected: harmless when equal, otherwise nobody can say which is right."""
    if any(each != found[0] for each in found[1:]):
        raise Garbled(f"{'.'.join(path)}: twice, with different values", code="UPSTREAM_CONFLICT")
    return found[0] if found else None


def leaf_of(tree: Tree, path: Path) -> str:
    """The stripped text at the end of a path; empty when there is none."""
    for name in path:
        tree = tree.get(name) if type(tree) is dict else _step(tree, name, path)
        if type(tree) is list:
            tree = _same(tree, path)
    if tree is None:
        return ""
    if not isinstance(tree, str):
        raise Garbled(f"{'.'.join(path)}: a group where a value is expected")
    return tree.strip()


def rows_of(tree: Tree, path: Path) -> list[dict[str, Tree]]:
    """The rows of a list: absent, an empty element, one group or many."""
    for name in path[:-1]:
        tree = _step(tree, name, path)
    found = tree.get(path[-1]) if isinstance(tree, dict) else _step(tree, path[-1], path)
    if type(found) is list and {*map(type, found)} == {dict}:
        return found
    groups = [group for group in (found if isinstance(found, list) else [found]) if group is not None and group != ""]
    if not all(isinstance(group, dict) for group in groups):
        raise Garbled(f"{'.'.join(path)}: values where rows are expected")
    return groups


def known_paths(operation: Mapping[str, Any], through: Sequence[Path] = ()) -> Known:
    """What of an operation's answer is mapped or ignored, as a tree; `*` below an ignored one, or one of `through`:
    anything goes."""
    answer = operation["answer"]
    found: Known = {}
    mapped = [entry["from"] for entry in answer["fields"].values()]
    mapped += [answer["receipt"], (operation["outcome"] or {}).get("path", "")]
    for rows in answer["lists"].values():
        mapped += [f"{rows['from']}.{entry['from']}" for entry in rows["fields"].values()] + [rows["count"]]
        _put(found, [f"{rows['from']}.{path}" for path in rows["ignored"]], {"*": None})
    _put(found, mapped, {})
    _put(found, [*answer["ignored"], *map(".".join, through)], {"*": None})
    return found


def _put(known: Known, paths: Sequence[str], leaf: Known) -> None:
    for each in paths:
        level = known
        for name in as_path(each):
            level = level.setdefault(name, {})
        level.update(leaf)


def unknown_paths(tree: Tree, known: Known, above: str = "") -> Iterator[str]:
    """The paths of an answer that nobody mapped or ignored."""
    if "*" in known:
        return
    if isinstance(tree, list):
        for each in tree:
            yield from unknown_paths(each, known, above)
    elif isinstance(tree, dict):
        for name, below in tree.items():
            if name not in known:
                yield above + name[:40]
            elif not isinstance(below, str):
                yield from unknown_paths(below, known[name], f"{above}{name}.")
