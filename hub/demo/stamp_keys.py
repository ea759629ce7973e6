"""Key and certificates of the demo's time stamping authority. Made before the hub starts, which is told of the root."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub.demo.places import private, written

LIFE = timedelta(days=3650)


def found(folder: Path) -> None:
    """A root, and a certificate below it that may stamp times and nothing else; where they are not there yet."""
    if (folder / "roots.pem").exists():
        return
    private(folder)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        certificates.Name([certificates.NameAttribute(NameOID.COMMON_NAME, f"Demo time stamps ({part})")])
        for part in ("root", "stamping")
    ]
    stamping = certificates.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    extensions = (certificates.BasicConstraints(ca=True, path_length=0), stamping)
    root, own = (
        certificates.CertificateBuilder()
        .subject_name(name).issuer_name(names[0]).public_key(key.public_key()).serial_number(secrets.randbits(64))
        .not_valid_before(datetime.now(UTC) - timedelta(days=1)).not_valid_after(datetime.now(UTC) + LIFE)
        .add_extension(extension, critical=True)
        .sign(keys[0], hashes.SHA256())
        for name, key, extension in zip(names, keys, extensions, strict=True)
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    secret = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    written(folder / "key.pem", secret.decode())
    written(folder / "own.pem", own.public_bytes(pem).decode())
    written(folder / "roots.pem", root.public_bytes(pem).decode())  # last: with it all are there
