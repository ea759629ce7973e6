"""The EU Digital COVID Certificate (HC1) as one more foreign issuer: from the text of a QR to facts, or one reason."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import base45
import orjson
from cryptography import x509
from cryptography.x509.oid import ExtensionOID
from jsonschema import Draft202012Validator

from hub.recognition import cbor, times
from hub.recognition.carried import Carried, Fact
from hub.recognition.cose import Signed, unpacked
from hub.recognition.refusal import Refused
from hub.recognition.trust import Key, Trust, revocation

PREFIX = "HC1:"
_BASE45 = re.compile(r"[0-9A-Z $%*+\-./:]*", re.ASCII)
_COMPRESSED, _UNPACKED = 4096, 16_384
_ISS, _EXP, _IAT, _HCERT = 1, 4, 6, -260
_SCHEMA = Path(__file__).parents[1] / "reference" / "dcc" / "schema-1.3.json"
# Both spellings are in the field: the first has an arc too many.
_ARCS = ("1.3.6.1.4.1.0.1847.2021.1.", "1.3.6.1.4.1.1847.2021.1.")
_USES: Mapping[str, str] = {arc + number: group for arc in _ARCS for number, group in zip("123", "tvr", strict=True)}
_SETS: Mapping[str, Mapping[str, str]] = {
    "v": {"tg": "disease-agent-targeted", "vp": "sct-vaccines-covid-19", "mp": "vaccines-covid-19-names",
          "ma": "vaccines-covid-19-auth-holders", "co": "country-2-codes"},
    "t": {"tg": "disease-agent-targeted", "tt": "covid-19-lab-test-type", "tr": "covid-19-lab-result",
          "ma": "covid-19-lab-test-manufacturer-and-name", "co": "country-2-codes"},
    "r": {"tg": "disease-agent-targeted", "co": "country-2-codes"},
}  # fmt: skip
_NAMES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "v": ("vaccination", {"tg": "target", "vp": "vaccine", "mp": "product", "dn": "dose", "sd": "doses", "dt": "date",
                          "co": "country"}),
    "t": ("test", {"tg": "target", "tt": "type", "tr": "result", "sc": "sampled_at", "co": "country"}),
    "r": ("recovery", {"tg": "target", "fr": "first_positive", "df": "valid_from", "du": "valid_until",
                       "co": "country"}),
}  # fmt: skip
_DATES: Mapping[str, tuple[str, ...]] = {"v": ("dt",), "t": (), "r": ("fr", "df", "du")}


class Certificates:
    """Reads certificates. Knows no clock: `now` is an argument."""

    def __init__(self) -> None:
        self._schema = Draft202012Validator(orjson.loads(_SCHEMA.read_bytes()))

    def read(self, code: str, trust: Trust, now: datetime) -> Carried:
        """`code` begins with HC. Raises Refused."""
        signed = unpacked(inflated(code))
        key, certificate = _signer(signed, trust, now)
        try:
            return self._believed(cbor.read(signed.payload), key, certificate, trust, now)
        except Refused as refused:
            raise Refused(refused.reason, key.issuer.id) from None

    def _believed(
        self, claims: Any, key: Key, certificate: x509.Certificate, trust: Trust, now: datetime
    ) -> Carried:
        if not isinstance(claims, dict):
            raise Refused("CWT_SHAPE")
        issued, expires = _times(claims, certificate, now)
        if _ISS in claims and not (isinstance(claims[_ISS], str) and key.issuer.may_speak_for(claims[_ISS])):
            raise Refused("ISSUER_MISMATCH")
        health = claims.get(_HCERT)
        content = health.get(1) if isinstance(health, dict) else None
        if content is None:
            raise Refused("HCERT_MISSING")
        group = self._group(content)
        _check_usage(certificate, group)
        entry = content[group][0]
        _check_values(group, entry, trust.value_sets)
        carried = Carried(
            key.issuer, (_fact(group, entry),), issued, expires, id=entry["ci"], batches=(_batch(entry["ci"]),),
            name_masked=_masked(content["nam"]), payload={name: content[name] for name in ("ver", "dob", group)},
        )  # fmt: skip
        check_revoked(carried, trust)
        return carried

    def _group(self, content: Any) -> str:
        if not isinstance(content, dict):
            raise Refused("DCC_SHAPE")
        version = content.get("ver")
        if isinstance(version, str) and not version.startswith("1."):
            raise Refused("DCC_VERSION")
        groups = [group for group in "vtr" if content.get(group) is not None]
        if len(groups) != 1:
            raise Refused("DCC_GROUPS" if groups else "DCC_NO_GROUP")
        kept = {name: value for name, value in content.items() if value is not None}
        if not self._schema.is_valid(kept):
            raise Refused("DCC_SCHEMA")
        for name in _DATES[groups[0]]:
            _check_day(content[groups[0]][0][name])
        return groups[0]


def inflated(code: str) -> bytes:
    """What the QR's text holds. Raises Refused."""
    if not code.startswith(PREFIX):
        raise Refused("HC_VERSION")
    text = code.removeprefix(PREFIX)
    if not text or len(text) > _COMPRESSED:
        raise Refused("HC_SIZE")
    if not _BASE45.fullmatch(text):
        raise Refused("BASE45_CHARACTER")
    if len(text) % 3 == 1:
        raise Refused("BASE45_LENGTH")
    try:
        packed = base45.b45decode(text)
    except ValueError:
        raise Refused("BASE45_OVERFLOW") from None
    return _unzipped(packed)


def _unzipped(packed: bytes) -> bytes:
    if packed[:1] != b"\x78":
        raise Refused("ZLIB_MISSING")
    engine = zlib.decompressobj()
    try:
        raw = engine.decompress(packed, _UNPACKED)
    except zlib.error:
        raise Refused("ZLIB_BROKEN") from None
    if engine.unconsumed_tail:
        raise Refused("ZLIB_BOMB")
    if not engine.eof:
        raise Refused("ZLIB_TRUNCATED")
    if engine.unused_data:
        raise Refused("ZLIB_TRAILING")
    return raw


def check_revoked(carried: Carried, trust: Trust) -> None:
    """Raises Refused where the credential itself or its batch was revoked."""
    if revocation("credential", carried.issuer.id, carried.id) in trust.revoked:
        raise Refused("CREDENTIAL_REVOKED")
    if any(revocation("batch", carried.issuer.id, batch) in trust.revoked for batch in carried.batches):
        raise Refused("BATCH_REVOKED")


def _signer(signed: Signed, trust: Trust, now: datetime) -> tuple[Key, x509.Certificate]:
    """Whose key it is, found by trying all that share the id."""
    candidates = trust.candidates("dcc", signed.kid)
    if not candidates:
        raise Refused("PEER_KEY_UNKNOWN")
    fitting = 0
    for key in candidates:
        certificate = key.certificate
        assert certificate is not None  # as every key of this way has
        found = signed.is_by(certificate)
        fitting += found is not None
        if found:
            _check_key(key, certificate, trust, now)
            return key, certificate
    raise Refused("SIGNATURE_WRONG" if fitting else "COSE_ALGORITHM_KEY")


def _check_key(key: Key, certificate: x509.Certificate, trust: Trust, now: datetime) -> None:
    if revocation("key", key.issuer.id, key.kid) in trust.revoked:
        raise Refused("KEY_REVOKED", key.issuer.id)
    if now > certificate.not_valid_after_utc:
        raise Refused("KEY_EXPIRED", key.issuer.id)
    if now < certificate.not_valid_before_utc:
        raise Refused("KEY_NOT_YET", key.issuer.id)


def _times(claims: Mapping[Any, Any], certificate: x509.Certificate, now: datetime) -> tuple[datetime, datetime]:
    if _IAT not in claims or _EXP not in claims:
        raise Refused("CWT_ISSUED_MISSING" if _IAT not in claims else "CWT_EXPIRES_MISSING")
    issued, expires = (times.moment(claims[name], Refused("CWT_TIME")) for name in (_IAT, _EXP))
    times.check(issued, expires, now)
    if issued < certificate.not_valid_before_utc:
        raise Refused("ISSUED_BEFORE_KEY")
    if expires > certificate.not_valid_after_utc:
        raise Refused("OUTLIVES_KEY")
    return issued, expires


def _check_usage(certificate: x509.Certificate, group: str) -> None:
    """A key that names what it is for is for nothing else; one that names nothing is for all."""
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE)
    except x509.ExtensionNotFound:
        return
    assert isinstance(extension.value, x509.ExtendedKeyUsage)
    named = {_USES[oid.dotted_string] for oid in extension.value if oid.dotted_string in _USES}
    if named and group not in named:
        raise Refused("KEY_USAGE")


def _check_values(group: str, entry: Mapping[str, Any], sets: Mapping[str, Collection[str]]) -> None:
    for name, table in _SETS[group].items():
        if table in sets and name in entry and entry[name] not in sets[table]:
            raise Refused("DCC_VALUE_SET")


def _check_day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Refused("DCC_DATE") from None


def _fact(group: str, entry: Mapping[str, Any]) -> Fact:
    kind, names = _NAMES[group]
    return {"kind": kind, **{ours: entry[theirs] for theirs, ours in names.items() if theirs in entry}}


def _batch(uvci: str) -> str:
    """All that one issuing body numbered: the identifier without its last part and check character."""
    body = uvci.removeprefix("URN:UVCI:").partition("#")[0]
    return body[: max(body.rfind("/"), body.rfind(":"), 0)]


def _masked(name: Mapping[str, Any]) -> str:
    return f"{(name.get('fn') or name['fnt'])[:1]}**"
