"""The most memory that looking into any hostile file took of a process of its own, in KB.

Run as a program: a child counts its parent's memory as its own until it is another program, and a test's is large.
"""

from __future__ import annotations

import resource

from hub.errors import Problem
from hub.materials import content
from hub.settings.shapes import Uploads
from tests.materials.papers import HOSTILE

LIMITS = Uploads(10 * 1024 * 1024, ("application/pdf",), 50)


def main() -> None:
    for name, make, _, _ in HOSTILE.values():
        try:
            content.checked(make(), name, LIMITS)
        except Problem:
            continue
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


if __name__ == "__main__":
    main()
