"""The demo's time stamping authority (RFC 3161): a program of its own, with certificates made at its first start. It
stands in for the one a county takes from a licensed certification authority.

    python -m hub.demo.stamping --folder FOLDER --port PORT
"""

from __future__ import annotations

import http.server
import secrets
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import click
from asn1crypto import algos, cms, core, tsp, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub.demo.ports import HOST
from hub.demo.stamp_keys import found

_POLICY = "1.3.6.1.4.1.13762.3"  # any: the demo promises nothing
_MOST = 16 << 10
_KINDS = ("application/timestamp-query", "application/timestamp-reply")


class Authority:
    """Its key and certificate are in `folder`, and `roots.pem`, which is for everybody."""

    def __init__(self, folder: Path) -> None:
        found(folder)
        key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self._own = certificates.load_pem_x509_certificate((folder / "own.pem").read_bytes())

    def answer(self, query: bytes) -> bytes:
        """A stamp, or that this is no question."""
        try:
            asked = tsp.TimeStampReq.load(query, strict=True)
            imprint, nonce = asked["message_imprint"], asked["nonce"].native
            imprint.native, asked["version"].native  # else what is wrong is met later
        except (ValueError, TypeError):
            told = tsp.PKIStatusInfo({"status": "rejection", "fail_info": {"bad_data_format"}})
            return bytes(core.SequenceOf([told], spec=tsp.PKIStatusInfo).dump())  # a TimeStampResp without a token
        info = tsp.TSTInfo({
            "version": "v1", "policy": _POLICY, "message_imprint": imprint, "nonce": nonce,
            "serial_number": secrets.randbits(63), "gen_time": datetime.now(UTC).replace(microsecond=0),
        })  # fmt: skip
        granted = {"status": {"status": "granted"}, "time_stamp_token": self._signed(info)}
        return bytes(tsp.TimeStampResp(granted).dump())

    def _signed(self, info: tsp.TSTInfo) -> cms.ContentInfo:
        own = x509.Certificate.load(self._own.public_bytes(serialization.Encoding.DER))
        digest = algos.DigestAlgorithm({"algorithm": "sha256"})
        about = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2({"cert_hash": sha256(own.dump()).digest()})]})
        attributes = cms.CMSAttributes([
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [sha256(info.dump()).digest()]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [about]}),
        ])  # fmt: skip
        signer = cms.SignerInfo({
            "version": "v1", "digest_algorithm": digest, "signed_attrs": attributes,
            "sid": {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}},
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self._key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        })  # fmt: skip
        content = {"content_type": "tst_info", "content": core.ParsableOctetString(info.dump())}
        whole = {"version": "v3", "digest_algorithms": [digest], "encap_content_info": content,
                 "certificates": [own], "signer_infos": [signer]}  # fmt: skip
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(whole)})


def serving(authority: Authority, port: int) -> http.server.ThreadingHTTPServer:
    """A server that is not yet running; port 0 takes any."""

    class Door(http.server.BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            fits = self.headers.get("Content-Type") == _KINDS[0] and 0 < length <= _MOST
            raw = authority.answer(self.rfile.read(length)) if fits else b""
            self.send_response(200 if fits else 400)
            self.send_header("Content-Type", _KINDS[1])
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Silent."""

    return http.server.ThreadingHTTPServer((HOST, port), Door)


@click.command()
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--port", default=0, type=int)
def main(folder: Path, port: int) -> None:
    """Stamp times until SIGTERM."""
    with serving(Authority(folder), port) as server:
        click.echo(f"Time stamps at http://{HOST}:{server.server_address[1]}/, checked with {folder / 'roots.pem'}")
        server.serve_forever()


if __name__ == "__main__":
    main()
