"""Checks proofs of the ledger with public keys only: `python checking_proofs.py KEYS PROOF…`, or `--tiles URL` for all.

KEYS is what /api/v1/ledger/keys answered (better: what its owners told you themselves), PROOF what a …/proof or
/ledger/proofs/… answered. `--tiles` reads every leaf hash of the log at URL (…/api/v1/ledger) and computes the root
itself; with `--seen FILE` it keeps them there and names the first that is not what it was. It needs Python and its
library `cryptography`, nothing of the hub. Exit 1, and one line for each thing that is wrong.
"""

import argparse
import base64
import hashlib
import json
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NEEDED, WIDTH = 2, 256  # witnesses; hashes in a tile


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:  # what is left over at the end of a row waits for the next
        pairs = [node(*hashes[place : place + 2]) for place in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(pairs) * 2 :]
    return hashes[0] if hashes else hashlib.sha256(b"").digest()


def climbed(place: int, last: int, begin: bytes, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """The older and the newer root above a subtree (RFC 9162, 2.1.3.2 and 2.1.4.2)."""
    older = newer = begin
    for each in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            older, newer = node(each, older), node(each, newer)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            newer = node(newer, each)
        place, last = place >> 1, last >> 1
    return (older, newer) if last == 0 else None


def is_continued(old: int, old_root: bytes, size: int, root: bytes, path: list[bytes]) -> bool:
    if old == size:
        return old_root == root
    path = [old_root, *path] if old & (old - 1) == 0 else path
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    return 0 < old < size and bool(path) and climbed(place, last, path[0], path[1:]) == (old_root, root)


def is_signed(public: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def opened(note: str, keys: dict[str, Any]) -> tuple[int, bytes]:
    """Size and root of a checkpoint that the log signed and enough witnesses cosigned (C2SP)."""
    text, _, lines = note.rpartition("\n\n")
    text, by = text + "\n", set()
    for line in lines.splitlines():
        name, raw = line.split(" ")[1], base64.b64decode(line.split(" ")[2])
        for vkey in (keys["log"], *keys["witnesses"].values()):
            owner, id, key = vkey.split("+", 2)
            kind, public = base64.b64decode(key)[0], base64.b64decode(key)[1:]
            seen = f"cosignature/v1\ntime {int.from_bytes(raw[4:12], 'big')}\n{text}"
            wanted, body = (text, raw[4:]) if kind == 1 else (seen, raw[12:])
            if owner == name and bytes.fromhex(id) == raw[:4] and is_signed(public, body, wanted.encode()):
                by.add("" if kind == 1 and vkey == keys["log"] else name)
    origin, size, root = text.split("\n")[:3]
    if origin != keys["origin"] or "" not in by:
        raise SystemExit("WRONG: the checkpoint is not signed by the log")
    if len(by) - 1 < NEEDED:
        raise SystemExit(f"WRONG: {len(by) - 1} witnesses cosigned the checkpoint, not {NEEDED}")
    return int(size), base64.b64decode(root)


def is_receipt(told: dict[str, str], leaf: bytes, keys: dict[str, Any]) -> bool:
    """COSE_Sign1 (RFC 9052) as the hub writes it: d2 84, protected head, {}, nil, 64 bytes of signature."""
    raw, head = bytes.fromhex(told["cose"]), bytes([0x58, len(leaf)])  # of 24 to 255 bytes, as every leaf is
    text = b"\x84\x6aSignature1" + raw[2:-68] + b"\x40" + head + leaf
    return is_signed(bytes.fromhex(keys["receipts"].get(told["signer"], "")), raw[-64:], text)


def faults(proof: dict[str, Any], keys: dict[str, Any], old: tuple[int, bytes] | None) -> Iterator[str]:
    size, root = opened(proof["checkpoint"], keys)
    for leaf in proof["leaves"]:
        raw, path = bytes.fromhex(leaf["leaf"]), [bytes.fromhex(each) for each in leaf["path"]]
        if bytes.fromhex(proof["exchange_id"].replace("-", "")) not in raw:
            yield f"leaf {leaf['number']} is of another exchange"
        found = climbed(leaf["number"], size - 1, hashlib.sha256(b"\0" + raw).digest(), path)
        if found is None or found[1] != root or not 0 <= leaf["number"] < size:
            yield f"leaf {leaf['number']} ({leaf['step']}) is not in the log"
        said = bytes.fromhex(leaf.get("salt", "") + leaf.get("statement", ""))
        if said and hashlib.new("sm3" if raw.endswith(b"bsm") else "sha256", said).digest() not in raw:
            yield f"leaf {leaf['number']} is not of this statement"
        for each in proof["receipts"] if leaf["step"] == "DELIVERED" else ():
            if not is_receipt(each, raw, keys):
                yield f"the receipt of {each['signer']} ({each['party']}) is wrong"
    path = [bytes.fromhex(each) for each in (proof["consistency"] or {"path": []})["path"]]
    if old and not is_continued(*old, size, root, path):
        yield f"what the checkpoint of {old[0]} leaves had is no longer there"


def whole(url: str, keys: dict[str, Any], seen: Path | None) -> Iterator[str]:
    size, root = opened(urllib.request.urlopen(f"{url}/checkpoint", timeout=30).read().decode(), keys)
    before, raw = (seen.read_bytes() if seen and seen.exists() else b""), b""
    for number in range(-(-size // WIDTH)):
        part, place = min(WIDTH, size - number * WIDTH), f"{number % 1000:03}"
        while number := number // 1000:
            place = f"x{number % 1000:03}/{place}"
        place += f".p/{part}" if part < WIDTH else ""
        raw += urllib.request.urlopen(f"{url}/tile/0/{place}", timeout=30).read()
    now = [raw[place : place + 32] for place in range(0, len(raw), 32)]
    changed = [place for place in range(len(before) // 32) if now[place : place + 1] != [before[place * 32 :][:32]]]
    if changed:
        yield f"leaf {changed[0]} is not what it was"
    elif root_of(now) != root:
        yield f"the {size} leaves do not give the root that was signed"
    elif seen:
        seen.write_bytes(raw)


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("keys", type=Path)
    ask.add_argument("proofs", type=Path, nargs="*")
    ask.add_argument("--old", type=Path, help="a checkpoint that they must continue")
    ask.add_argument("--tiles", metavar="URL")
    ask.add_argument("--seen", type=Path)
    told = ask.parse_args()
    public = json.loads(told.keys.read_text())
    known = opened(told.old.read_text(), public) if told.old else None
    wrong = [each for path in told.proofs for each in faults(json.loads(path.read_text()), public, known)]
    wrong += whole(told.tiles, public, told.seen) if told.tiles else []
    sys.stdout.write("\n".join(f"WRONG: {each}" for each in wrong) + "\n" if wrong else "GOOD\n")
    sys.exit(bool(wrong))
