"""What a department's name for something most likely means: the hub's name for it, its type, its data class.

Only for drafts that a person reads over. What is not recognised is text of class 3, the careful side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PERSONAL = 3  # the class of whatever nobody has looked at

# hub name -> type, class, the wire names and labels that mean it (small letters, no signs between)
_KNOWN: Mapping[str, tuple[str, int, str]] = {
    "id_number": ("text", 3, "aac002 sfzh sfzhm sfzjhm gmsfhm zjhm idcard idcardno idno idnumber idnum certno"
                             " 身份证号 身份证号码 公民身份号码 证件号码 居民身份证号"),
    "name": ("text", 3, "aac003 xm name xingming username_zh fullname personname 姓名 户主姓名 申请人"),
    "phone": ("text", 3, "aae005 lxdh sjh sjhm phone mobile tel telephone 电话 联系电话 手机号 手机号码"),
    "address": ("text", 3, "aae006 dz zz address addr lxdz hjdz 地址 住址 联系地址 户籍地址"),
    "sex": ("text", 3, "aac004 xb sex gender 性别"),
    "ethnicity": ("text", 3, "aac005 mz nation ethnicity 民族"),
    "born_on": ("date", 3, "aac006 csrq birthday birthdate dob 出生日期"),
    "employer": ("text", 3, "aab004 dwmc company employer 单位名称 工作单位"),
    "account_no": ("text", 3, "grzh account accountno zhanghao 账号 个人账号 银行卡号"),
    "plate": ("text", 3, "hphm plate plateno 车牌号 号牌号码"),
    "balance_fen": ("yuan", 3, "akc087 ye yue balance 余额 账户余额"),
    "amount_fen": ("yuan", 3, "je jine amount money sum aae019 金额 补贴金额 发放金额 应缴金额"),
    "status": ("text", 2, "aac008 zt zhuangtai status state 状态 办理状态 发放状态"),
    "kind": ("text", 2, "lx leixing type kind category 类型 类别 种类 补贴类型"),
    "date": ("date", 2, "rq riqi date 日期"),
    "registered_on": ("date", 2, "djrq regdate registerdate 登记日期"),
    "issued_on": ("date", 2, "fzrq ffrq issuedate 发证日期 发放日期"),
    "valid_until": ("date", 2, "yxqz expirydate validuntil 有效期至"),
    "year": ("integer", 2, "aae001 nd niandu year 年度"),
    "month": ("text", 2, "yf month 月份 发放月份"),
    "number": ("text", 2, "xh bh no number serialno lsh 序号 编号 流水号"),
    "receipt_no": ("text", 2, "slbh receipt receiptno acceptno 受理编号 回执号"),
    "village": ("text", 2, "cun village 村 村名 行政村"),
    "town": ("text", 2, "xiangzhen town 乡镇 镇"),
    "reason": ("text", 3, "sqly reason remark bz beizhu 申请理由 备注 原因"),
}  # fmt: skip
_BY_WORD = {word: (field, kind, grade) for field, (kind, grade, words) in _KNOWN.items() for word in words.split()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RESULTS = _words("code retcode resultcode rescode errcode errorcode returncode rtncode respcode aaz500 fhm fhdm jgdm")
_MESSAGES = _words("msg message retmsg resultmsg errmsg errormsg returnmsg rtnmsg respmsg desc description fhxx jgms")
_ACCOUNT = {
    "username": _words("user username userid account appid appkey clientid"),
    "password": _words("password passwd pwd secret appsecret token"),
}
_READS = re.compile(r"get|query|find|list|search|check|select|read|show|view|ping|test|fetch|lookup|verify|cx|chaxun")
_KINDS = {"integer": "integer", "decimal": "yuan", "boolean": "boolean", "date": "date", "datetime": "datetime"}
_DAYS = (
    (r"[12]\d{3}-[01]\d-[0-3]\d", "%Y-%m-%d", "date"),
    (r"[12]\d{3}[01]\d[0-3]\d", "%Y%m%d", "date"),
    (r"[12]\d{3}/[01]\d/[0-3]\d", "%Y/%m/%d", "date"),
    (r"[12]\d{3}年[01]\d月[0-3]\d日", "%Y年%m月%d日", "date"),
    (r"[12]\d{3}-[01]\d-[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d", "%Y-%m-%d %H:%M:%S", "datetime"),
    (r"[12]\d{3}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d", "%Y-%m-%dT%H:%M:%S", "datetime"),
    (r"[12]\d{3}[01]\d[0-3]\d[0-2]\d[0-5]\d[0-5]\d", "%Y%m%d%H%M%S", "datetime"),
)


@dataclass(frozen=True, slots=True)
class Guess:
    """`sure`: the name was recognised. `formats` only where an example showed another than the usual ones."""

    field: str
    kind: str
    data_class: int
    formats: tuple[str, ...] = ()
    sure: bool = True


def plain(word: str) -> str:
    return re.sub(r"[\W_]", "", word.rpartition(".")[2]).lower()


def guess(wire: str, kind: str = "", examples: Iterable[str] = ()) -> Guess:
    """`wire` is the department's name or label, `kind` what its schema says: integer, decimal, date … or nothing."""
    seen = [text.strip() for text in examples if text.strip()]
    shown, formats = _shown(seen)
    known = _BY_WORD.get(plain(wire))
    if known is None:
        usual = _KINDS.get(kind) or shown or "text"
        name = named(wire)
        if usual == "yuan" and name:  # 12.50 there is 1250 here
            name = f"{name.removesuffix('_yuan')}_fen"
        return Guess(name, usual, PERSONAL, formats, sure=False)
    field, usual, grade = known
    if usual == "yuan" and (kind == "integer" or (seen and all(re.fullmatch(r"-?\d+", text) for text in seen))):
        return Guess(field, "fen", grade, sure=False)  # whole numbers: fen, or yuan without a point?
    if usual == "yuan" and not all(re.fullmatch(r"-?\d{1,13}(\.\d{1,2}0*)?", text) for text in seen):
        return Guess(field.removesuffix("_fen"), "text", grade, sure=False)
    if usual == "integer" and not all(re.fullmatch(r"-?\d{1,18}", text) for text in seen):
        return Guess(field, "text", grade, sure=False)
    if usual in ("date", "text") and shown in ("date", "datetime") and field not in ("id_number", "number"):
        return Guess(field, shown, grade, formats)
    if usual == "date" and seen:
        return Guess(field, "text", grade, sure=False)
    return Guess(field, usual, grade)


def _shown(seen: list[str]) -> tuple[str, tuple[str, ...]]:
    """What the examples have in common: a date of one form, or nothing."""
    for pattern, form, kind in _DAYS:
        if seen and all(re.fullmatch(pattern, text, re.ASCII) for text in seen):
            return kind, (form,)
    return "", ()


def named(wire: str) -> str:
    """A name in small letters; empty where there is nothing to make it from."""
    last = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", wire.rpartition(".")[2])
    text = re.sub(r"[^A-Za-z0-9]+", "_", last).strip("_").lower()
    return text if re.match(r"[a-z]", text) else f"field_{text}" if text else ""


def is_result(wire: str) -> bool:
    return plain(wire) in _RESULTS


def is_message(wire: str) -> bool:
    return plain(wire) in _MESSAGES


def account_part(wire: str) -> str:
    """`username` or `password` where the element is meant for our account; else empty."""
    return next((name for name, words in _ACCOUNT.items() if plain(wire) in words), "")


def reads(operation: str) -> bool:
    """Whether its name says that it only asks. What does not say so counts as a write: that is never sent twice."""
    return _READS.match(plain(operation)) is not None
