"""A department's letters: pinned in system.yaml, strict both ways, never detected (legacy.md rules 1 and 2).

A wrong charset often decodes without an error. So a text is also refused when it shows the marks of that: bytes called
GBK that are in truth UTF-8, bytes called UTF-8 that hold no Chinese but Cyrillic or Armenian letters, and leftovers of
a mistake the department made itself before it stored the text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from hub.errors import Fault, Problem, invalid
from hub.port import Garbled

# What says gb2312 or gbk holds GBK at least and often GB 18030 (legacy.md Q14).
READ_AS = {"gb2312": "gb18030", "gbk": "gb18030"}
_STORED_AS = {"gb2312": "gbk", "iso-8859-1": "utf-8"}
LATIN = "iso-8859-1"  # of XML alone, where every other letter is written as a character reference
CHARSETS = ("utf-8", "gbk", "gb2312", "gb18030", "ascii")

_MARKS = ("鏄", "锟斤拷", "\ufffd")
_LATIN = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")
_SUSPECT = re.compile("[\u00c0-\u024f鏄锟\ufffd]")  # none of these: neither a mark nor such a letter
_CHINESE = re.compile("[\u3400-\u9fff]")  # what pairs of GBK bytes hardly ever turn into when read as UTF-8 …
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_STRANGE = re.compile("[\u0250-\u1fff\U00010000-\U0010ffff]")  # … and what they do turn into
_PLAIN_UTF8 = re.compile(
    "[\x00-\x7f\u00b0\u00b7\u00d7\u00f7\u2000-\u9fff\ue000-\uf8ff\ufe10-\ufe6f\uff00-\uffef\U00020000-\U0003ffff]*"
)
_ASCII = bytes(range(128))
# Of ISO-8859-1 only a dot, a degree and two signs are taken, one at a time: two in a row are Chinese of another.
_NOT_LATIN = re.compile(rb"[\x80-\xff]{2}|[^\x00-\x7f\xa0\xb0\xb7\xd7\xf7]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def decode(raw: bytes, charset: str) -> str:
    """The text of an answer. Raises Garbled UPSTREAM_CHARSET when it is not what the charset promises."""
    try:
        text = raw.decode(READ_AS.get(charset, charset))
    except UnicodeDecodeError as error:
        raise _refused(f"not {charset} at byte {error.start}", raw) from None
    if text.isascii():
        return text
    if charset == LATIN and _NOT_LATIN.search(raw):
        raise _refused(f"letters where {charset} has none", raw)
    letters = _letters(text)
    if _SUSPECT.search(letters) and (any(mark in text for mark in _MARKS) or _LATIN.search(letters)):
        raise _refused("letters that show a wrong charset", raw)
    if charset == "utf-8":
        if _STRANGE.search(letters) and not _CHINESE.search(letters):
            raise _refused("letters of another script and no Chinese", raw)
    elif is_utf8(raw):
        raise _refused(f"UTF-8 where {charset} is pinned", raw)
    return text


def _letters(text: str) -> str:
    """Only what is not ASCII, found without a step of Python: an answer is mostly markup and digits."""
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def is_utf8(raw: bytes) -> bool:
    """Whether it reads as Chinese in UTF-8; real GBK that passes for UTF-8 at all gives letters of other scripts."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _PLAIN_UTF8.fullmatch(text) is not None and _HAN.search(text) is not None


def _refused(note: str, raw: bytes) -> Garbled:
    return Garbled(note, code="UPSTREAM_CHARSET", sample=raw)


def width(text: str, charset: str) -> int:
    """How many bytes it takes in the department's tables."""
    return len(text.encode("utf-8" if charset == LATIN else READ_AS.get(charset, charset)))


def storable(charset: str, forbidden: str = "") -> Callable[[str, str], str]:
    """A check for what goes out: `check(field, text)` returns the text, or raises the Problem the citizen is told.

    It asks what the department can store, whatever its messages are written in: what does not fit becomes "?" there.
    `forbidden` are the characters its old code breaks on. It looks at bytes, so the second half of a Chinese character
    counts too: 縗 is BF 5C, and 5C is a backslash.
    """
    encode = codecs.lookup(_STORED_AS.get(charset, charset)).encode
    traps = forbidden.encode("ascii")

    def check(field: str, text: str) -> str:
        if _CONTROL.search(text):
            raise invalid([Fault(field, "TEXT_CONTROL")])
        try:
            stored = encode(text)[0]
        except UnicodeEncodeError:
            raise Problem("NAME_NOT_REPRESENTABLE", faults=[Fault(field, "NAME_NOT_REPRESENTABLE")]) from None
        if any(trap in stored for trap in traps):
            raise invalid([Fault(field, "CHAR_FORBIDDEN")])
        return text

    return check
