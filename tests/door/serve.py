"""An app behind the server of `hub serve`: python -m tests.door.serve TARGET PORT WORKERS THREADS."""

from __future__ import annotations

import sys

from hub.commands.server import serve_until_told

if __name__ == "__main__":
    target, port, workers, threads = sys.argv[1:]
    serve_until_told(target, "127.0.0.1", int(port), int(workers), int(threads))
