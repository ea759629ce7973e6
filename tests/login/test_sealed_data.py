"""encryptedData: WeChat's own public demonstration vector, and everything that must not pass (W11, W12)."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hub.clock import CHINA
from hub.errors import Problem
from hub.login.sealed_data import opened

# From the page "signature and decryption of open data".
APPID, KEY, IV = "wx4f4bc4dec97d474b", "tiihtNczf5v6AKRyjwEUhQ==", "r7BXXKkLb8qrSNn05n0qiA=="
DATA = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz"
    "6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz"
    "/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1p"
    "JAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO"
    "0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)
THEN = datetime.fromtimestamp(1477314187, CHINA)


def refused(data: str = DATA, iv: str = IV, key: str = KEY, appid: str = APPID, at: datetime = THEN) -> str:
    with pytest.raises(Problem) as told:
        opened(data, iv, key, appid, at)
    return told.value.code


def sealed(plain: bytes) -> str:
    encryptor = Cipher(algorithms.AES128(base64.b64decode(KEY)), modes.CBC(base64.b64decode(IV))).encryptor()
    short = 16 - len(plain) % 16
    return base64.b64encode(encryptor.update(plain + bytes([short]) * short) + encryptor.finalize()).decode()


def test_the_platforms_own_vector() -> None:
    told = opened(DATA, IV, KEY, APPID, THEN)
    assert told["openId"] == "oGZUI0egBJY1zhBYw2KhdUfwVJJE" and told["watermark"]["appid"] == APPID


def test_W11_whatever_is_wrong_is_one_refusal() -> None:
    other_key, spoiled = base64.b64encode(b"k" * 16).decode(), bytearray(base64.b64decode(DATA))
    spoiled[40] ^= 1
    wrong = [
        refused(appid="wx0000000000000000"),
        refused(key=other_key),
        refused(key="not base64!"),
        refused(key=base64.b64encode(b"short").decode()),
        refused(iv=base64.b64encode(b"short").decode()),
        refused(data=DATA[:-4]),
        refused(data="AAAA"),
        refused(data=base64.b64encode(bytes(spoiled)).decode()),
        *(
            refused(data=sealed(plain))
            for plain in (b"\xff\xfe", b"not json", b"[]", b"null", b"{}", b'{"watermark": 1}', b"[" * 100_000)
        ),
        refused(data=sealed(json.dumps({"watermark": {"appid": APPID, "timestamp": "1477314187"}}).encode())),
    ]
    assert set(wrong) == {"PHONE_PROOF_INVALID"}


def test_W12_of_now_only() -> None:
    assert opened(DATA, IV, KEY, APPID, THEN + timedelta(seconds=299))
    assert opened(DATA, IV, KEY, APPID, THEN - timedelta(seconds=89))
    assert (
        refused(at=THEN + timedelta(seconds=301)) == refused(at=THEN - timedelta(seconds=91)) == "PHONE_PROOF_INVALID"
    )
