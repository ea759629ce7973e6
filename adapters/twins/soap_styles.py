"""An invented archives office that says the same in every way old SOAP services know. It has no `make`: tests start it.

`style` how it answers: literal | encoded | twelve | mtom | attached | dataset | text | cdata | latin | bom | bare
`spoiled` what goes wrong within that style; the words stand at the functions below.
`fault` 200 | 500: a fault of its table under that status.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from lxml import etree

from adapters.twins.residents import Resident, county, luck
from adapters.twins.soap_site import SOAP
from adapters.twins.twin import Answer, Request, Twin

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
PHOTO = bytes(range(256)) * 4 + b"\r\n--"  # holds what a careless splitter would take for a boundary
_ENC = "http://schemas.xmlsoap.org/soap/encoding/"
_XOP = "http://www.w3.org/2004/08/xop/include"
_BOUNDARY = "uuid:6f1d=_part"
_TITLES = ("婚姻登记档案", "土地承包档案", "知青下乡档案")


class Archives(Twin):
    """What it was asked last is kept, so that a test can look at it."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__("archives", "soap", seed, "utf-8", {"style": "literal", "spoiled": False, "fault": False})
        self.county = county()
        self.asked: Request | None = None

    def files(self, person: Resident, number: int | None = None) -> list[dict[str, str]]:
        draw = luck(self.seed, "archives", person.id_number)
        number = draw.randrange(1, 4) if number is None else number
        return [
            {"bh": f"DA{person.number[1:]}{position}", "tm": _TITLES[position % 3], "rq": f"20{position + 10}-03-01"}
            for position in range(number)
        ]

    def answer(self, request: Request) -> Answer:
        self.asked = request
        body: Any = next(each for each in etree.fromstring(request.body) if each.tag.endswith("}Body"))
        name = body[0].tag.rpartition("}")[2]
        asked = "".join(body.itertext()).strip()
        person = self.county.residents.get(asked)
        if status := self.quirk("fault"):
            return self._said(_fault("soap:Server", "ArchiveException"), int(status))
        if person is None:
            return self._said(_fault("soap:Client", "NO_SUCH_PERSON"), 500)
        style = self.quirk("style")
        return self._styled(style, name, person)

    def _styled(self, style: str, name: str, person: Resident) -> Answer:
        if name == "idNumber":
            return self._said(f'<c:name xmlns:c="urn:da:common">{person.name}</c:name>')
        match style:
            case "encoded":
                return self._said(self._encoded(person))
            case "dataset":
                return self._said(self._dataset(person))
            case "text" | "cdata":
                return self._said(self._text(person, style))
            case "mtom":
                include = f'<xop:Include xmlns:xop="{_XOP}" href="cid:photo%40da"/>'
                return self._parts(self._literal(person, f"<t:zp>{include}</t:zp>"), "application/xop+xml")
            case "attached":
                return self._parts(self._literal(person, '<t:zp href="cid:photo@da"/>'), "text/xml")
            case _:
                return self._said(self._literal(person, f"<t:zp>{base64.b64encode(PHOTO).decode()}</t:zp>"))

    # -- the styles

    def _literal(self, person: Resident, photo: str) -> str:
        files = self.rows(self.files(person), lambda row: {**row, "tm": "另一份"})
        rows = "".join(f"<t:file>{_elements(row, 't:')}</t:file>" for row in files)
        head = f"<c:idNumber>{person.id_number}</c:idNumber><c:name>{person.name}</c:name>{photo}"
        content = f"{head}<t:total>{len(files)}</t:total><t:files>{rows}</t:files>"
        names = 'xmlns:t="urn:da:types" xmlns:c="urn:da:common"'
        name = "t:otherResponse" if self.quirk("spoiled") == "other" else "t:queryFilesResponse"
        return f"<{name} {names}>{content}</{name}>"

    def _encoded(self, person: Resident) -> str:
        """As Axis 1 writes it: all beside the answer, and referred to. Spoiled: cycle, missing, bomb, doubled, two."""
        values = {"id0": f'<sfzh xsi:type="xsd:string">{person.id_number}</sfzh><xm href="#id9"/><files href="#id1"/>'}
        files = self.rows(self.files(person), lambda row: {**row, "tm": "另一份"})
        values["id1"] = "".join(f'<item href="#row{number}"/>' for number in range(len(files)))
        values |= {f"row{number}": _elements(row) for number, row in enumerate(files)}
        values["id9"] = person.name
        match self.quirk("spoiled"):
            case "cycle":
                values["id1"] += '<item href="#id0"/>'
            case "missing":
                del values["id9"]
            case "bomb":
                for depth in range(40):
                    values[f"b{depth}"] = f'<item href="#b{depth + 1}"/>' * 2
                values |= {"b40": "x", "id1": '<item href="#b0"/>'}
        shared = "".join(
            f'<multiRef id="{name}" soapenc:root="0" soap:encodingStyle="{_ENC}">{value}</multiRef>'
            for name, value in values.items()
        )
        if self.quirk("spoiled") == "doubled":
            shared += '<multiRef id="id9" soapenc:root="0">另一人</multiRef>'
        answer = '<ns1:queryFilesResponse xmlns:ns1="urn:da"><queryFilesReturn href="#id0"/></ns1:queryFilesResponse>'
        return (answer * 2 if self.quirk("spoiled") == "two" else answer) + shared

    def _dataset(self, person: Resident) -> str:
        """A DataSet of .NET: inline schema, diffgram, and the rows as they were before somebody changed them."""
        rows = "".join(
            f'<File diffgr:id="File{n}" msdata:rowOrder="{n}">{_elements(row)}</File>'
            for n, row in enumerate(self.rows(self.files(person), lambda row: {**row, "tm": "另一份"}))
        )
        before = '<diffgr:before><File diffgr:id="File0"><bh>OLD</bh><tm>旧</tm></File></diffgr:before>'
        columns = "".join(f'<xs:element name="{name}" type="xs:string" minOccurs="0"/>' for name in ("bh", "tm", "rq"))
        schema = (
            '<xs:schema id="NewDataSet" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element '
            'name="NewDataSet"><xs:complexType><xs:choice><xs:element name="File"><xs:complexType><xs:sequence>'
            f"{columns}</xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>"
        )
        own = "urn:schemas-microsoft-com:xml-"
        names = f'xmlns:msdata="{own}msdata" xmlns:diffgr="{own}diffgram-v1"'
        gram = f'<diffgr:diffgram {names}><NewDataSet xmlns="">{rows}</NewDataSet>{before}</diffgr:diffgram>'
        head = f"<sfzh>{person.id_number}</sfzh><xm>{person.name}</xm>"
        result = f"<getFilesResult>{schema}{gram}</getFilesResult>"
        return f'<getFilesResponse xmlns="urn:da">{head}{result}</getFilesResponse>'

    def _text(self, person: Resident, style: str) -> str:
        """A document within one element, with an encoding declaration of its own. Spoiled: doctype, many, deep."""
        files = self.rows(self.files(person), lambda row: {**row, "tm": "另一份"})
        rows = "".join(f"<FILE>{_elements(row)}</FILE>" for row in files)
        inner = f"<ROOT><SFZH>{person.id_number}</SFZH><XM>{person.name}</XM><FILES>{rows}</FILES></ROOT>"
        match self.quirk("spoiled"):
            case "doctype":
                inner = f'<!DOCTYPE ROOT [<!ENTITY x SYSTEM "file:///etc/hostname">]>{inner}'
            case "many":
                inner += "<x/>" * 200_000
            case "deep":
                inner = "<a>" * 101 + inner + "</a>" * 101
        inner = f'<?xml version="1.0" encoding="GBK"?>{inner}'
        text = f"<![CDATA[{inner}]]>" if style == "cdata" else escape(inner, quote=False)
        return f'<getTextResponse xmlns="urn:da"><getTextResult>{text}</getTextResult></getTextResponse>'

    # -- the wire

    def _envelope(self, content: str) -> bytes:
        style = self.quirk("style")
        names = {"soap": SOAP12 if style == "twelve" else SOAP, "soapenc": _ENC}
        names |= {"xsi": "http://www.w3.org/2001/XMLSchema-instance", "xsd": "http://www.w3.org/2001/XMLSchema"}
        declared = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in names.items())
        text = f"<soap:Envelope {declared}><soap:Body>{content}</soap:Body></soap:Envelope>"
        match style:
            case "latin":
                raw = text.encode("gb18030") if self.quirk("spoiled") else text.encode("latin-1", "xmlcharrefreplace")
                return b'<?xml version="1.0" encoding="ISO-8859-1"?>' + raw
            case "bom":
                return b"\xef\xbb\xbf" + f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()
            case _:
                if self.quirk("spoiled") == "hidden":  # what a wrong charset left, behind references
                    text = re.sub(
                        "[\u4e00-\u9fff]", lambda one: "".join(f"&#{byte};" for byte in one[0].encode()), text
                    )
                return text.encode()

    def _said(self, content: str, status: int = 200) -> Answer:
        return Answer(self._envelope(content), status, "text/xml; charset=utf-8")

    def _parts(self, content: str, kind: str) -> Answer:
        """Spoiled: unclosed, many, twice (one part referred to twice), lost, named (two of one name), rootless."""
        spoiled = self.quirk("spoiled")
        if spoiled == "twice":
            content = re.sub(r"(<t:zp.*?(?:/>|</t:zp>))", r"\1\1", content, count=1)
        root = f'Content-Type: {kind}; charset=UTF-8; type="text/xml"\r\nContent-ID: <root@da>\r\n\r\n'.encode()
        coding = "base64" if spoiled == "base64" else "binary"
        photo = base64.encodebytes(PHOTO) if spoiled == "base64" else PHOTO
        head = f"Content-Type: image/jpeg\r\nContent-Transfer-Encoding: {coding}\r\nContent-ID: <photo@da>\r\n\r\n"
        parts = [root + self._envelope(content), head.encode() + photo]
        match spoiled:
            case "lost":
                del parts[1]
            case "named":
                parts.append(parts[1])
            case "many":
                parts += [b"Content-Type: text/plain\r\n\r\nx"] * 500
        line = b"--" + _BOUNDARY.encode()
        body = b"".join(b"\r\n" + line + b"\r\n" + part for part in parts)
        start = "<other@da>" if spoiled == "rootless" else "<root@da>"
        media = f'multipart/related; type="{kind}"; start="{start}"; boundary="{_BOUNDARY}"'
        return Answer(body + (b"" if spoiled == "unclosed" else b"\r\n" + line + b"--\r\n"), media_type=media)


def _elements(row: Mapping[str, Any], prefix: str = "") -> str:
    return "".join(f"<{prefix}{name}>{value}</{prefix}{name}>" for name, value in row.items())


def _fault(code: str, text: str) -> str:
    return f"<soap:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></soap:Fault>"
