"""Looks into one PDF, in a process of its own with little memory and time: what breaks here breaks nothing else.

Reads the PDF from stdin; writes one line of JSON ({"reason"} or {"pages"}), then the PDF as it is to be kept. It is run
as a file and knows nothing of the hub.
"""

from __future__ import annotations

import io
import json
import resource
import sys

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

_MEMORY = 768 * 1024 * 1024
_SECONDS = 15
_DEEPEST = 60
_FOLDED = {"/FlateDecode", "/LZWDecode", "/ASCII85Decode", "/ASCIIHexDecode", "/RunLengthDecode"}
_FOLDED |= {"/Fl", "/LZW", "/A85", "/AHx", "/RL"}
_FOR_PICTURES = {"/DCTDecode", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode"}
_KEYS = {
    "/JS": "script",
    "/JavaScript": "script",
    "/XFA": "script",
    "/Launch": "launch",
    "/EmbeddedFiles": "embedded",
    "/EF": "embedded",
    "/RichMediaContent": "embedded",
}
_VALUES = {
    **dict.fromkeys(("/JavaScript",), "script"),
    **dict.fromkeys(("/Launch", "/ImportData", "/SubmitForm", "/GoToR", "/GoToE"), "launch"),
    **dict.fromkeys(("/EmbeddedFile", "/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen"), "embedded"),
    **dict.fromkeys(("/Rendition", "/3D"), "embedded"),
}


class Refused(Exception):
    """The argument is the reason."""


class Look:
    """One look through all objects. `budget` bytes may come out of streams, `steep` times what one is packed in."""

    def __init__(self, budget: int, small: int, steep: int) -> None:
        self._left, self._small, self._steep, self._most = budget, small, steep, budget
        self.signed = False

    def at(self, thing: Object, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise Refused("bomb")
        if isinstance(thing, Array):
            children = list(thing)
        elif isinstance(thing, Dictionary | Stream):
            children = [self._entry(key, value) for key, value in thing.items()]
        else:
            return
        for child in children:
            if isinstance(child, Object) and not child.is_indirect:
                self.at(child, depth + 1)
        if isinstance(thing, Stream):
            self._stream(thing)

    def _entry(self, key: str, value: Object) -> Object:
        named = _VALUES.get(str(value)) if key in ("/S", "/Type", "/Subtype") and isinstance(value, Name) else None
        if reason := _KEYS.get(key) or named:
            raise Refused(reason)
        self.signed |= key == "/ByteRange"
        return value

    def _stream(self, stream: Stream) -> None:
        packed = len(stream.read_raw_bytes())
        if stream.get("/Subtype") == Name.Image:
            size = int(stream.get("/Width", 0)) * int(stream.get("/Height", 0))
            self._weigh(size if stream.get("/BitsPerComponent", 8) == 1 else 3 * size, packed)
            return
        decoded = _unfolded(stream, packed)
        self._weigh(decoded, packed)
        self._left -= decoded
        if self._left < 0:
            raise Refused("bomb")

    def _weigh(self, decoded: int, packed: int) -> None:
        if decoded > self._most or (decoded > self._small and decoded > self._steep * packed):
            raise Refused("bomb")


def _unfolded(stream: Stream, packed: int) -> int:
    """How many bytes come out of a stream that is no picture; one packed as a picture nobody unfolds."""
    named = stream.get("/Filter", Array())
    filters = {str(each) for each in (named if isinstance(named, Array) else [named])}
    if filters & _FOR_PICTURES:
        return packed
    if filters - _FOLDED:
        raise Refused("broken")
    try:
        return len(stream.read_bytes())
    except pikepdf.PdfError as error:
        raise Refused("bomb" if "bad_alloc" in str(error) else "broken") from None


def checked(raw: bytes, most_pages: int, look: Look) -> tuple[int, bytes]:
    """Pages, and what is kept: written anew without its history and description, or as it came when it is signed."""
    try:
        pdf = pikepdf.open(io.BytesIO(raw), attempt_recovery=False)
    except pikepdf.PasswordError:
        raise Refused("encrypted") from None
    with pdf:
        pages = len(pdf.pages)
        if pages > most_pages:
            raise Refused("pages")
        if pages == 0:
            raise Refused("broken")
        for thing in pdf.objects:
            look.at(thing)
        look.at(pdf.trailer)
        if look.signed and raw.rstrip().endswith(b"%%EOF"):
            return pages, raw
        _strip(pdf)
        out = io.BytesIO()
        pdf.save(out, encryption=False, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return pages, out.getvalue()


def _strip(pdf: Pdf) -> None:
    """Who made it, where and when; what opens by itself; and the same in the photos inside."""
    for owner, keys in ((pdf.Root, ("/Metadata", "/OpenAction", "/AA", "/PieceInfo")), (pdf.trailer, ("/Info",))):
        for key in keys:
            if key in owner:
                del owner[key]
    for thing in pdf.objects:
        if not isinstance(thing, Stream):
            continue
        if "/Metadata" in thing:
            del thing["/Metadata"]
        if str(thing.get("/Filter")) == "/DCTDecode":
            thing.write(without_notes(thing.read_raw_bytes()), filter=Name.DCTDecode)


def without_notes(jpeg: bytes) -> bytes:
    """A JPEG without EXIF, XMP and comments; its pixels, profile and colours as they are."""
    kept, place = [jpeg[:2]], 2
    while place + 4 <= len(jpeg) and jpeg[place] == 0xFF and jpeg[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
        if jpeg[place + 1] not in (0xE1, 0xED, 0xFE):
            kept.append(jpeg[place:end])
        place = end
    return b"".join([*kept, jpeg[place:]])


def main() -> None:
    most_pages, budget, small, steep = (int(each) for each in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    told: dict[str, str | int]
    body = b""
    try:
        pages, body = checked(sys.stdin.buffer.read(), most_pages, Look(budget, small, steep))
        told = {"pages": pages}
    except Refused as refused:
        told = {"reason": str(refused)}
    except (MemoryError, RecursionError):
        told = {"reason": "bomb"}
    except Exception as error:  # whatever a broken file makes the reader say
        told = {"reason": "bomb" if "bad_alloc" in str(error) else "broken"}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + body)


if __name__ == "__main__":
    main()
