"""Puts what `npm run build:…` made where it is shipped: the browser's pages into the Python package, pressed; WeChat's
as a zip beside their source. Both carry the digest of the source, so that a test sees when they are stale."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
H5 = HERE.parent / "blueprints" / "static" / "h5"
WECHAT = HERE / "mp-weixin.zip"
MARK = "source.sha256"
_OF_THE_SOURCE = ("package.json", "package-lock.json", "vite.config.js", "index.html")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def digest() -> str:
    """Of everything the builds are made of."""
    paths = [HERE / name for name in _OF_THE_SOURCE] + [path for path in (HERE / "src").rglob("*") if path.is_file()]
    whole = hashlib.sha256()
    for path in sorted(paths):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(HERE).as_posix()} {content}\n".encode())
    return whole.hexdigest()


def ship_pages(built: Path) -> None:
    shutil.rmtree(H5, ignore_errors=True)
    shutil.copytree(built, H5)
    for path in sorted(H5.rglob("*")):
        if path.is_file():
            pressed = gzip.compress(path.read_bytes(), 9, mtime=0)
            if len(pressed) < path.stat().st_size:
                path.with_name(path.name + ".gz").write_bytes(pressed)
    (H5 / MARK).write_text(digest() + "\n", encoding="ascii")


def ship_wechat(built: Path) -> None:
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
