"""XML from outside may do nothing but be read (security 5.2, T13, T14)."""

import resource

import pytest

from adapters.protocols.xml_safety import MARKUP, parse, text_of, tree_of
from hub.port import Garbled
from tests.protocols.rogue import Rogue, always
from tests.protocols.watch import WATCH

BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'
UNSAFE = [
    "<!DOCTYPE a><a/>",
    '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    '<!DOCTYPE a PUBLIC "x" "file:///etc/hostname"><a/>',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><a/>',
    BOMB,
    "<!doctype a><a/>",
    "<! DOCTYPE a><a/>",
    "<!\nENTITY x 'y'><a/>",
]


@pytest.mark.parametrize("document", UNSAFE)
@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-16-be", "utf-32", "gb18030", "utf-8-sig"])
def test_row_B90_a_document_type_is_refused_and_nothing_is_opened(document: str, charset: str) -> None:
    raw = document.encode(charset)
    for pinned in ("gbk", "utf-8"):
        WATCH.seen = []
        with pytest.raises(Garbled) as caught:
            parse(text_of(raw, pinned))
        seen, WATCH.seen = WATCH.seen, None
        assert (caught.value.code, seen) == ("UPSTREAM_UNSAFE_XML", [])


@pytest.mark.parametrize("label", ["UTF-7", "utf-7"])
def test_row_B90_a_utf_7_label(label: str) -> None:
    with pytest.raises(Garbled) as caught:
        text_of(f'<?xml version="1.0" encoding="{label}"?><a>+ADw-!DOCTYPE</a>'.encode(), "gbk")
    assert caught.value.code == "UPSTREAM_UNSAFE_XML"


def test_an_undeclared_entity_and_an_include_do_nothing() -> None:
    with pytest.raises(Garbled):
        parse("<a>&nbsp;</a>")
    include = '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/hostname" parse="text"/></a>'
    assert tree_of(parse(include)) == {"include": ""}


@pytest.mark.parametrize("depth", [101, 300, 200_000])
def test_depth(depth: int) -> None:
    with pytest.raises(Garbled):
        tree_of(parse("<a>" * depth + "</a>" * depth))


def test_depth_that_is_fine() -> None:
    assert tree_of(parse("<a>" * 100 + "</a>" * 100))


def test_threat_T13_small_elements_by_the_million_are_refused_before_the_parser() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for piece in (b"<a/>", b'<a b="" c="" d="">'):
        with pytest.raises(Garbled) as caught:
            text_of(b"<x>" + piece * (5 * 1024 * 1024 // len(piece)) + b"</x>", "gbk")
        assert caught.value.code == "UPSTREAM_TOO_LARGE"
    text = text_of(b"<x>" + b"<a/>" * (MARKUP - 2) + b"</x>", "gbk")
    tree_of(parse(text))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 60_000_000


def test_what_a_tree_holds() -> None:
    text = (
        '<?xml version="1.0" encoding="GBK"?><r xmlns:m="u"><m:a>1</m:a><!-- c --><?p i?>'
        "<b/><b>2<!-- c -->3</b><c><![CDATA[<d>]]></c></r>"
    )
    assert tree_of(parse(text)) == {"a": "1", "b": ["", "23"], "c": "<d>"}
    assert tree_of(parse("\ufeff<a>x</a>")) == "x"


def test_a_large_document_is_read_whole() -> None:
    """However the pieces fall that the parser is given: here within a character of three bytes."""
    rows = ["甲" * 20_000 + "x" * (number % 3) for number in range(12)]
    assert tree_of(parse("<a>" + "".join(f"<b>{row}</b>" for row in rows) + "</a>")) == {"b": rows}


@pytest.mark.parametrize(
    "text",
    ["", "   ", "plain", '{"a": 1}', "<a", "<a></b>", "<a></a><b></b>", "<a>\x01</a>", "<?xml?>", "<m:a/>", "<a b=1/>"],
)
def test_what_is_no_document(text: str) -> None:
    with pytest.raises(Garbled):
        parse(text)


@pytest.mark.parametrize("document", UNSAFE)
@pytest.mark.parametrize("charset", ["utf-16-le", "utf-32-le", "utf-32-be", "cp037", "cp500", "cp1047", "utf-7"])
def test_threat_T14_in_whatever_else_it_is_written(document: str, charset: str) -> None:
    """With the declaration such a document needs; none of them is parsed, and none opens or asks anything."""
    if charset == "cp1047":
        raw = f'<?xml version="1.0" encoding="{charset}"?>{document}'.encode("cp037").replace(b"\x5a", b"\x4f")
    else:
        raw = f'<?xml version="1.0" encoding="{charset}"?>{document}'.encode(charset)
    for pinned in ("gbk", "utf-8", "iso-8859-1"):
        WATCH.seen = []
        with pytest.raises(Garbled) as caught:
            parse(text_of(raw, pinned))
        seen, WATCH.seen = WATCH.seen, None
        assert (caught.value.code, seen) == ("UPSTREAM_UNSAFE_XML", [])


PASSIVE = [
    '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{url}/x"/></a>',
    '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/hostname" parse="text"/></a>',
    '<?xml-stylesheet type="text/xsl" href="{url}/x.xsl"?><a>1</a>',
    '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x {url}/x.xsd">1</a>',
    '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="{url}/x.xsd">1</a>',
    '<a xmlns="{url}/namespace" xml:base="{url}/">1</a>',
    '<a href="{url}/x" xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{url}/y">1</a>',
]


@pytest.mark.parametrize("document", PASSIVE)
def test_threat_T11_threat_T14_what_points_elsewhere_is_only_text(document: str) -> None:
    with Rogue(always(b"")) as listener:
        WATCH.seen = []
        tree = tree_of(parse(text_of(document.replace("{url}", listener.url).encode(), "utf-8")))
        seen, WATCH.seen = WATCH.seen, None
        assert (seen, listener.connections) == ([], 0)
    assert tree in ("1", {"include": ""})


def test_threat_T13_huge_attributes_names_and_texts_stay_small_in_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = 4 * 1024 * 1024
    for document in (
        f'<a b="{"x" * size}"/>',
        f"<{'a' * size}/>",
        f"<a>{'x' * size}</a>",
        f'<a xmlns:b="{"x" * size}"/>',
    ):
        try:
            tree_of(parse(text_of(document.encode(), "utf-8")))
        except Garbled:
            continue
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 3 * 5 * 1024 * 1024 * 3


def test_threat_T13_many_attributes_on_one_element_are_refused_before_the_parser() -> None:
    attributes = " ".join(f'a{number}=""' for number in range(MARKUP + 1))
    with pytest.raises(Garbled) as caught:
        text_of(f"<a {attributes}/>".encode(), "utf-8")
    assert caught.value.code == "UPSTREAM_TOO_LARGE"
