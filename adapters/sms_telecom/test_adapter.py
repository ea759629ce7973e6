"""Answers and receipts of the telecom SMS gateway in, Reply, records or port error out."""

from tests.messages.provider import SmsProvider


class TestTelecom(SmsProvider):
    system, path = "sms_telecom", "/gateway/submit.do"
