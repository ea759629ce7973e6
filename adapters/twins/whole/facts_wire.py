"""The sections of system.yaml for the four protocols that ask and are answered on the wire."""

from __future__ import annotations

from typing import Any

from adapters.twins.whole.acts import writes
from adapters.twins.whole.plan import Field, Planned, Question

NOT_FOUND = {"code": "RECORD_NOT_FOUND", "zh": "没有查到相关记录。", "en": "There is no such record."}
LOST = ["<script>alert('登录超时", '<form name="loginForm"']
NOTHING = "未查询到该人员信息"
MAC, SERIAL = 32, 16
BODY_KEY = "body_key"
ESCAPED, INNER = "Q05", ("return", "RESULT")  # a whole document, escaped into the text of one element
_KINDS = {
    "boolean": "boolean",
    "money": "yuan",
    "date": "date",
    "datetime": "datetime",
    "integer": "integer",
    "code": "code",
}
_PATTERNS = {"decimal": r"-?[0-9]+(\.[0-9]+)?", "month": "[0-9]{6}", "id_number": "[0-9]{17}[0-9X]"}


def sent(system: Planned, field: Field) -> dict[str, Any]:
    """How a field of the key goes out. What is looked up among our own records goes by our own name."""
    own = system.protocol in ("file_drop", "message_queue")
    kind = {"money": "fen" if system.protocol == "fixed_width" else "yuan"}.get(field.type)
    return {"to": field.hub if own else field.wire, **({"as": kind} if kind else {}), "required": True}


def given(field: Field, path: str, kinds: dict[str, str] | None = None) -> dict[str, Any]:
    """How a field of the answer comes in, from `path` and its own word."""
    kind = {**_KINDS, **(kinds or {})}.get(field.type)
    of_another = field.type == "id_number" and field.hub != "id_number"  # a spouse's, a guardian's
    pattern = "" if of_another else _PATTERNS.get(field.type)
    return {
        "from": f"{path}{field.wire}",
        **({"as": kind} if kind else {}),
        **({"table": field.table} if kind == "code" else {}),
        **({"pattern": pattern} if pattern else {}),
        **({"number": "id_number"} if of_another else {}),
        "required": field.required,
        "class": field.sensitivity,
    }


def answer(question: Question, path: str, kinds: dict[str, str] | None = None) -> dict[str, Any]:
    """What a write is answered with begins with the department's own number."""
    number = {"receipt": f"{path}{question.fields[0].wire}"} if writes(question.kind) else {}
    return {**number, "fields": {each.hub: given(each, path, kinds) for each in question.fields}}


def outcome(path: str) -> dict[str, Any]:
    return {"path": path, "ok": ["0"], "denied": ["9"], "rejected": {"1": NOT_FOUND}}


def signed_rest(system: Planned) -> dict[str, Any]:
    """MD5 over the sorted parameters, or an HMAC over what the request is made of; SM3 where the office asks for it."""
    stamps: dict[str, Any] = {
        "appid": {"secret": "username"},
        "timestamp": {"clock": "seconds"},
        "nonce": {"random": 16},
    }
    if system.auth == "app_key_md5":
        rule = {"algorithm": "md5", "case": "upper", "key_join": "&key=", "charset": system.encoding}
        sign: dict[str, Any] = {"name": "sign", "in": "parameters", **rule}
        place = "parameters"
    else:
        algorithm = "hmac_sha256" if system.auth == "hmac_sha256" else "hmac_sm3"
        sign = {"name": "X-Sign", "in": "headers", "algorithm": algorithm, "order": "fixed", "pair": "value",
                "join": "\n", "fields": ["@method", "@path", "timestamp", "nonce", "@body"]}  # fmt: skip
        place = "headers"
    own: dict[str, Any] = {"stamps": {name: {"in": place, **each} for name, each in stamps.items()}, "sign": sign}
    if system.auth == "sm2_sm4":
        own["cipher"] = {"algorithm": "sm4_cbc", "key": BODY_KEY}
    return {
        "signed_rest": own,
        "outcome": outcome("code"),
    }


def rest_operation(system: Planned, question: Question) -> dict[str, Any]:
    line = {"method": "post", "path": f"/{system.name.replace('_', '-')}/{question.path}"}
    return {"signed_rest": line, "answer": {**answer(question, "data."), "ignored": ["msg"]}}


def soap(system: Planned) -> dict[str, Any]:
    own: dict[str, Any] = {"path": f"/services/{system.name}.asmx"}
    if system.auth == "wsse_username":
        own["security"] = "digest"
    elif "password" in system.auth:
        own["credentials"] = {"username": "user", "password": "pwd"}
    if system.charset == "gb18030":
        own["request_encoding"] = "gbk"
    if ESCAPED in system.quirks:
        own["inner"] = {"answer": {"element": INNER[0], "root": INNER[1]}}
    return {"soap": own, "outcome": outcome("code")}


def soap_operation(_: Planned, question: Question) -> dict[str, Any]:
    return {"soap": {"operation": question.operation}, "answer": answer(question, "record.")}


def form(_: Planned) -> dict[str, Any]:
    return {
        "form": {
            "login": {"path": "/login.do", "fields": {"username": "username", "password": "password"},
                      "refused": ["用户名或密码错误"]},
            "session": {"serial": False, "minutes": 20},
            "lost": LOST,
            "message": "msg",
        },
        "outcome": {"path": "message", "ok": [""], "rejected": {NOTHING: NOT_FOUND}},
    }  # fmt: skip


def form_operation(system: Planned, question: Question) -> dict[str, Any]:
    """Where the page before holds a token (Q36) it goes back with the question."""
    page, carried = f"/{system.name.replace('_', '-')}/{question.path}", "Q36" in system.quirks
    before = [{"method": "get", "path": f"{page}.jsp"}] if carried else []
    asked = {"method": "post", "path": f"{page}.do", **({"carry": ["__VIEWSTATE"]} if carried else {})}
    return {"form": {"steps": [*before, asked]}, "answer": answer(question, "page.")}


def fixed_width(_: Planned) -> dict[str, Any]:
    header = [{"name": "code", "bytes": 30}, {"name": "serial", "bytes": SERIAL, "align": "right", "pad": "0"}]
    asking = [header[0], {**header[1], "serial": True}, {"name": "terminal", "bytes": 40, "secret": "username"}]
    trailer = [{"name": "mac", "bytes": MAC, "mac": True}]
    return {
        "fixed_width": {
            "framing": {"length_bytes": 6},
            "connections": {"kept": 2},
            "request": {"header": asking, "trailer": trailer},
            "answer": {"header": [*header, {"name": "result", "bytes": 1}], "trailer": trailer},
            "echo": ["serial", "code"],
            "mac": {"algorithm": "hmac_sha256"},
        },
        "outcome": outcome("header.result"),
    }


def fixed_operation(system: Planned, question: Question) -> dict[str, Any]:
    return {
        "request": {"constants": {"code": question.operation},
                    "fields": {each.hub: sent(system, each) for each in question.key}},
        "fixed_width": {"request": [piece(each) for each in question.key],
                        "answer": [piece(each) for each in question.fields]},
        "answer": answer(question, "body.", {"money": "fen"}),
    }  # fmt: skip


def piece(field: Field) -> dict[str, Any]:
    """Widths are bytes: two for each character, numbers to the right behind zeros."""
    if field.type in ("money", "integer"):
        return {"name": field.wire, "bytes": field.size, "align": "right", "pad": "0"}
    wide = field.type in ("string", "text")
    return {"name": field.wire, "bytes": min(field.size, 200) * 2 if wide else max(field.size, 10)}
