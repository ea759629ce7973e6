"""Where a system may be: the schemes its protocols speak, and never an account in it."""

import pytest
from marshmallow import ValidationError

from hub.settings.pieces import check_address

PLACES = ("http", "https", "tcp", "tcps", "sftp", "amqp", "amqps", "stomp", "stomps", "postgresql", "mysql", "oracle",
          "sqlserver", "dameng", "kingbase")  # fmt: skip


@pytest.mark.parametrize("scheme", PLACES)
def test_feat_C1_a_system_of_each_protocol_has_an_address(scheme: str) -> None:
    check_address(f"{scheme}://office.example:4001/county")


@pytest.mark.parametrize("scheme", PLACES)
@pytest.mark.parametrize("account", ["hub", "hub:secret"])
def test_an_account_is_a_secret_and_never_in_an_address(scheme: str, account: str) -> None:
    with pytest.raises(ValidationError, match="must not stand in a URL"):
        check_address(f"{scheme}://{account}@office.example:4001/county")


def test_a_folder_is_an_absolute_path() -> None:
    check_address("file:///srv/dropped/elderly")


@pytest.mark.parametrize("address", ["file://", "file:/srv", "file://hub:secret@host/srv",
                                     "file:///srv?x", "ftp://office.example/", "telnet://office.example"])  # fmt: skip
def test_no_other_place(address: str) -> None:
    with pytest.raises(ValidationError):
        check_address(address)
