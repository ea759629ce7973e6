"""Puts what `npm run build:…` made where it is shipped: the browser's pages into the Python package, pressed; WeChat's
as a zip beside their source. Both carry the digest of the source, so that a test sees when they are stale."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
H5 = HERE.parent / "blueprints" / "static" / "h5"
WECHAT = HERE / "mp-weixin.zip"
WORKER = "worker.js"
MARK = "source.sha256"
_OF_THE_SOURCE = ("package.json", "package-lock.json", "vite.config.js", "index.html", WORKER)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def digest() -> str:
    """Of everything the builds are made of."""
    paths = [HERE / name for name in _OF_THE_SOURCE] + [path for path in (HERE / "src").rglob("*") if path.is_file()]
    whole = hashlib.sha256()
    for path in sorted(paths):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(HERE).as_posix()} {content}\n".encode())
    return whole.hexdigest()


def ship_pages(built: Path, shipped: Path = H5) -> None:
    """The pages with their worker, each file pressed beside itself where that makes it smaller."""
    shutil.rmtree(shipped, ignore_errors=True)
    shutil.copytree(built, shipped)
    (shipped / WORKER).write_text(worker(built), encoding="utf-8")
    for path in sorted(shipped.rglob("*")):
        if path.is_file():
            pressed = gzip.compress(path.read_bytes(), 9, mtime=0)
            if len(pressed) < path.stat().st_size:
                path.with_name(path.name + ".gz").write_bytes(pressed)
    (shipped / MARK).write_text(digest() + "\n", encoding="ascii")


def worker(built: Path) -> str:
    """The service worker of exactly this build: it keeps all of it, under a name that no other build has."""
    shell = hashlib.sha256((built / "index.html").read_bytes()).hexdigest()
    assets = [f"/assets/{path.name}" for path in sorted((built / "assets").iterdir())]
    told = f"const SHELL = {json.dumps(shell)};\nconst ASSETS = {json.dumps(assets, indent=2)};\n"
    told += (HERE / WORKER).read_text(encoding="utf-8")
    return f'const RELEASE = "{hashlib.sha256(told.encode()).hexdigest()[:16]}";\n{told}'


def ship_wechat(built: Path) -> None:
    """WeChat's build as a zip that is the same whenever the build is."""
    with zipfile.ZipFile(WECHAT, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in built.rglob("*") if path.is_file()):
            archive.writestr(_entry(path.relative_to(built).as_posix()), path.read_bytes())
        archive.writestr(_entry(MARK), digest() + "\n")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


if __name__ == "__main__":
    ship_pages(HERE / "dist" / "build" / "h5")
    ship_wechat(HERE / "dist" / "build" / "mp-weixin")
