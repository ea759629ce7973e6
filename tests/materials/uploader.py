"""One upload by a process of its own, which can be killed: `python -m tests.materials.uploader CITIZEN FILE`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hub.main import Hub


def main() -> None:
    citizen_id, file = sys.argv[1:]
    hub = Hub.open(Path(os.environ["HUB_HOME"]), os.environ)
    hub.materials.upload(citizen_id, Path(file).read_bytes(), "a.jpg")
    hub.close()


if __name__ == "__main__":
    main()
