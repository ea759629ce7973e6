"""Papers made for the tests: good ones, and the hostile ones by name."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, PngImagePlugin

PLANTED = "GPS-PLANTED-360423"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def photo(width: int = 640, height: int = 480, seed: int = 1, form: str = "JPEG", **options: Any) -> bytes:
    """Colours that differ from seed to seed."""
    image = Image.effect_noise((width, height), 40 + seed % 50).convert("RGB")
    image.putpixel((0, 0), (seed % 256, seed // 256 % 256, 7))
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def photo_with_place() -> bytes:
    """Taken sideways at 29°15'N 115°6'E by a camera that says so, in EXIF and in XMP."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = PLANTED
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (29.0, 15.0, 0.0), "E", (115.0, 6.0, 0.0)
    return photo(exif=exif, xmp=f"<x:xmpmeta>{PLANTED}</x:xmpmeta>".encode(), comment=PLANTED.encode())


def png(**text: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, value in text.items():
        info.add_text(key, value)
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, "PNG", pnginfo=info)
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """Says that it is so large; its pixels are a few zeros."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def png_bomb() -> bytes:
    """7,000 × 7,000 of one colour: 147 MB in a few hundred KB, and all of it is there."""
    out = io.BytesIO()
    Image.new("RGB", (7000, 7000), "white").save(out, "PNG")
    return out.getvalue()


def moving(form: str) -> bytes:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, form, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def pdf(change: Callable[[pikepdf.Pdf], None] | None = None, pages: int = 1, **options: Any) -> bytes:
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page()
    made.docinfo["/Author"] = String(PLANTED)
    if change:
        change(made)
    out = io.BytesIO()
    made.save(out, **options)
    return out.getvalue()


def with_photo(photo: bytes) -> Callable[[pikepdf.Pdf], None]:
    """A scan: a page that is one photo, packed as it was taken."""

    def change(made: pikepdf.Pdf) -> None:
        picture = made.make_stream(
            photo, Type=Name.XObject, Subtype=Name.Image, Width=640, Height=480, ColorSpace=Name.DeviceRGB,
            BitsPerComponent=8, Filter=Name.DCTDecode,
        )  # fmt: skip
        made.pages[0].Resources = Dictionary(XObject=Dictionary(I=picture))

    return change


def _script(made: pikepdf.Pdf) -> None:
    made.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def _hidden_script(made: pikepdf.Pdf) -> None:
    """Deep in a page's annotation, behind an indirect object."""
    act = made.make_indirect(Dictionary(S=Name.JavaScript, JS=made.make_stream(b"app.alert(1)")))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=Dictionary(S=Name.GoTo, Next=act))
    made.pages[0].Annots = Array([made.make_indirect(link)])


def _launch(made: pikepdf.Pdf) -> None:
    made.pages[0].AA = Dictionary(O=Dictionary(S=Name.Launch, F=String("cmd.exe")))


def _embedded(made: pikepdf.Pdf) -> None:
    made.attachments["virus.exe"] = b"MZ" + bytes(100)


def _bomb(made: pikepdf.Pdf) -> None:
    """A page whose content unfolds to 200 MB."""
    made.pages[0].Contents = made.make_stream(zlib.compress(bytes(200 * 1024 * 1024), 9), Filter=Name.FlateDecode)


def _steep(made: pikepdf.Pdf) -> None:
    """40 MB out of 40 KB: no more than a computer bears, and no page of any office."""
    made.pages[0].Contents = made.make_stream(zlib.compress(bytes(40 * 1024 * 1024), 9), Filter=Name.FlateDecode)


def _gigabytes(made: pikepdf.Pdf) -> None:
    """1.6 GB out of 1.6 MB: one piece of zeros, packed once and said a hundred times."""
    piece, times = bytes(16 * 1024 * 1024), 100
    packing = zlib.compressobj(9)
    first, more = (packing.compress(piece) + packing.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    checksum = struct.pack(">I", (len(piece) * times % 65521) << 16 | 1)
    packed = first + more * (times - 1) + packing.flush()[:-4] + checksum
    made.pages[0].Contents = made.make_stream(packed, Filter=Name.FlateDecode)


def _huge_picture(made: pikepdf.Pdf) -> None:
    picture = made.make_stream(
        zlib.compress(bytes(100)), Type=Name.XObject, Subtype=Name.Image, Width=50_000, Height=50_000,
        ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.FlateDecode,
    )  # fmt: skip
    made.pages[0].Resources = Dictionary(XObject=Dictionary(I=picture))


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/passwd", bytes(10_000_000))
    return out.getvalue()


def _heic() -> bytes:
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(5000)


# name -> (file name, bytes, code, reason)
HOSTILE: Mapping[str, tuple[str, Callable[[], bytes], str, str]] = {
    "nothing": ("a.jpg", lambda: b"", "FILE_EMPTY", "empty"),
    "zero bytes": ("a.jpg", lambda: bytes(4096), "FILE_EMPTY", "empty"),
    "html as jpg": ("a.jpg", lambda: HTML, "FILE_TYPE", "markup"),
    "svg as png": ("a.png", lambda: SVG, "FILE_TYPE", "markup"),
    "program as jpg": ("a.jpg", lambda: b"MZ\x90\x00" + bytes(range(256)) * 8, "FILE_TYPE", "program"),
    "zip bomb with slip": ("a.pdf", _zip, "FILE_TYPE", "archive"),
    "heic": ("IMG_0001.HEIC", _heic, "FILE_TYPE", "heic"),
    "gif": ("a.gif", lambda: moving("GIF"), "FILE_TYPE", "unknown"),
    "moving png": ("a.png", lambda: moving("PNG"), "FILE_TYPE", "animated"),
    "moving webp": ("a.webp", lambda: moving("WEBP"), "FILE_TYPE", "animated"),
    "pdf as jpg": ("a.jpg", pdf, "FILE_TYPE", "extension"),
    "half a photo": ("a.jpg", lambda: photo()[:9000], "FILE_BROKEN", "broken"),
    "head of a png alone": ("a.png", lambda: png()[:30], "FILE_BROKEN", "broken"),
    "half a pdf": ("a.pdf", lambda: pdf(pages=30)[:-200], "FILE_BROKEN", "broken"),
    "pixels": ("a.png", lambda: png_of(50_000, 50_000), "FILE_UNSAFE", "pixels"),
    "png that is a bomb": ("a.png", png_bomb, "FILE_UNSAFE", "bomb"),
    "png that says 12,000 × 12,000": ("a.png", lambda: png_of(12_000, 12_000), "FILE_UNSAFE", "bomb"),
    "pdf with a password": (
        "a.pdf", lambda: pdf(encryption=pikepdf.Encryption(owner="o", user="u")), "FILE_UNSAFE", "encrypted",
    ),
    "pdf with a script": ("a.pdf", lambda: pdf(_script), "FILE_UNSAFE", "script"),
    "pdf with a hidden script": ("a.pdf", lambda: pdf(_hidden_script), "FILE_UNSAFE", "script"),
    "pdf that starts a program": ("a.pdf", lambda: pdf(_launch), "FILE_UNSAFE", "launch"),
    "pdf that carries a program": ("a.pdf", lambda: pdf(_embedded), "FILE_UNSAFE", "embedded"),
    "pdf that is a bomb": ("a.pdf", lambda: pdf(_bomb), "FILE_UNSAFE", "bomb"),
    "pdf that unfolds a thousandfold": ("a.pdf", lambda: pdf(_steep), "FILE_UNSAFE", "bomb"),
    "pdf of gigabytes": ("a.pdf", lambda: pdf(_gigabytes), "FILE_UNSAFE", "bomb"),
    "pdf with a huge picture": ("a.pdf", lambda: pdf(_huge_picture), "FILE_UNSAFE", "bomb"),
    "pdf of 201 pages": ("a.pdf", lambda: pdf(pages=201), "FILE_TOO_LARGE", "pages"),
}  # fmt: skip
