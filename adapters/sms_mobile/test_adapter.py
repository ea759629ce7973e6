"""Answers and receipts of the mobile SMS platform in, Reply, records or port error out."""

from tests.messages.provider import SmsProvider


class TestMobile(SmsProvider):
    system, path = "sms_mobile", "/sms/v2/send"
