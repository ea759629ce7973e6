"""What the form twins share: GBK pages that misname their charset, a login by cookie, sessions that end silently.

Q4   true: a maintenance page under 200
Q13  true: no charset in Content-Type
Q14  true: the page says gb2312, its bytes are GBK
Q15  what a lost session is answered with, under 200: true (an alert and a redirect by script), "login" (the login
     page), "always" (the alert, whatever the session)
Q16  true: a login voids every other session of the account
Q17  true: forms are read as GBK; false: as UTF-8
Q18  true: a form's hidden token must come back, once
`POST /twin/sessions/expire` ends all sessions; `GET /twin/sessions` counts them and the logins.
"""

from __future__ import annotations

import secrets as chance
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from adapters.twins.residents import Resident, county
from adapters.twins.twin import Answer, Request, Twin, as_json

CHARSET = "gb18030"
QUIRKS: Mapping[str, Any] = {
    "Q4": False, "Q13": True, "Q14": True, "Q15": True, "Q16": False, "Q17": True, "Q18": True,
}  # fmt: skip
LOST = "<script>alert('登录超时，请重新登录！');top.location.href='/login.jsp';</script>"
LOGIN = (
    '<form name="loginForm" action="/login.do" method="post">'
    '用户名<input name="username">密码<input name="password"></form>'
)
MAINTENANCE = "<h2>系统维护公告</h2><p>系统正在维护，请于维护结束后访问。</p>"


@dataclass(slots=True)
class Visit:
    """One session. `person` is whom the clerk's window is at: the legacy habit that mixes people up."""

    person: Resident | None = None
    tokens: set[str] = field(default_factory=set)


class FormSite(Twin):
    """A site of pages behind a login. The department's own pages are in `page_for`."""

    def __init__(self, system: str, secrets: Path, seed: int, quirks: Mapping[str, Any]) -> None:
        super().__init__(system, "form", seed, CHARSET, {**QUIRKS, **quirks}, system)
        self._secrets = secrets
        self.county = county()
        self._visits: dict[str, Visit] = {}
        self._guard = threading.Lock()
        self.logins = 0

    def page_for(self, request: Request, visit: Visit, form: Mapping[str, str]) -> str | None:
        """The body of the page asked for; None where there is none."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        if self.quirk("Q4"):
            return self._page(MAINTENANCE)
        if request.path == "/login.jsp":
            return self._page(LOGIN)
        if request.path == "/login.do":
            return self._sign_in(self._form(request))
        visit = self._visits.get(_cookie(request))
        if visit is None or self.quirk("Q15") == "always":
            return self._page(LOGIN) if self.quirk("Q15") == "login" else self._bare(LOST)
        body = self.page_for(request, visit, self._form(request))
        return self._page(body) if body is not None else Answer(b"<html><body>404</body></html>", 404)

    def admin(self, request: Request) -> Answer | None:
        if request.path == "/twin/sessions/expire" and request.method == "POST":
            self._visits.clear()
        elif request.path != "/twin/sessions":
            return None
        return as_json({"logins": self.logins, "open": len(self._visits)})

    def forget(self) -> None:
        self._visits.clear()
        self.logins = 0

    def resident(self, form: Mapping[str, str]) -> Resident | str:
        """The person a form names, or the department's refusal."""
        person = self.county.residents.get(form.get("sfzh", ""))
        if person is None:
            return message("未查询到该人员信息")
        if person.name != form.get("xm", ""):
            return message("姓名与身份证号不一致")
        return person

    def issued(self, visit: Visit) -> str:
        """A hidden token, new for each page."""
        token = chance.token_hex(16)
        visit.tokens.add(token)
        return token

    def used(self, visit: Visit, token: str) -> bool:
        """Whether the token may be used; it works once."""
        known = token in visit.tokens
        visit.tokens.discard(token)
        return known or not self.quirk("Q18")

    def _sign_in(self, form: Mapping[str, str]) -> Answer:
        if (form.get("username"), form.get("password")) != (self._secret("username"), self._secret("password")):
            return self._page(message("用户名或密码错误") + LOGIN)
        with self._guard:
            if self.quirk("Q16"):
                self._visits.clear()
            name = chance.token_hex(16).upper()
            self._visits[name] = Visit()
            self.logins += 1
        answer = self._page("<p>欢迎使用</p>")
        return Answer(answer.body, 200, answer.media_type, [("Set-Cookie", f"JSESSIONID={name}; Path=/; HttpOnly")])

    def _secret(self, name: str) -> str:
        return (self._secrets / f"{self.system}_{name}").read_text(encoding="utf-8").strip()

    def _form(self, request: Request) -> dict[str, str]:
        text = request.body.decode("ascii") if request.method == "POST" else request.query
        charset = CHARSET if self.quirk("Q17") else "utf-8"
        return dict(parse_qsl(text, keep_blank_values=True, encoding=charset, errors="replace"))

    def _page(self, body: str) -> Answer:
        said = "gb2312" if self.quirk("Q14") else "gbk"
        return self._bare(
            '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">\n<html>\n<head>\n'
            f'<meta http-equiv="Content-Type" content="text/html; charset={said}">\n'
            f"<title>业务系统</title>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
        )

    def _bare(self, text: str) -> Answer:
        return Answer(text.encode(CHARSET), 200, "text/html" if self.quirk("Q13") else "text/html; charset=GBK")


def _cookie(request: Request) -> str:
    pairs = (piece.partition("=") for piece in request.headers.get("cookie", "").split(";"))
    return next((value.strip() for name, _, value in pairs if name.strip() == "JSESSIONID"), "")


def message(text: str) -> str:
    return f'<div id="msg" class="error">{escape(text)}</div>'


def pairs(values: Mapping[str, str]) -> str:
    """Labels on the left padded to equal width, values on the right, two pairs a line as clerks like it."""
    cells = [f"<th>{escape(label)}：</th><td>{escape(value)}</td>" for label, value in values.items()]
    lines = [f"<tr>{''.join(cells[at : at + 2])}</tr>" for at in range(0, len(cells), 2)]
    return '<table class="info">\n' + "\n".join(lines) + "\n</table>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = ["".join(f"<td>{escape(value)}</td>" for value in row) for row in rows]
    lines = lines or [f'<td colspan="{len(columns)}">{empty}</td>']
    return f'<table class="grid">\n<tr>{head}</tr>\n' + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table>"
