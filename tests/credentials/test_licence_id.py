"""feat_H1: the table of formats.md 6, as tests; one wrong character or two neighbours swapped are always found."""

from __future__ import annotations

import pytest

from hub.credentials.licence_id import ROOT, LicenceId, check_character, read

RIGHT = (
    "11100000000013338W011.11430000006122244L.20230000403.001.U",
    "11100000000013338W009.11330105002500287C.2025052201.002.0",
)
WRONG = {
    "11100000000013338W011.11430000006122244L.20230000430.001.U": "ID_CHECKSUM",
    "11100000000013338W011.11430000006122244L.20230000403.002.U": "ID_CHECKSUM",
    "11100000000013338W009.11330105002500287C.2025052210.002.0": "ID_CHECKSUM",
    "11100000000013338W009.11330105002500287C.2025052201.002.O": "ID_CHECKSUM",
    "11100000000013338w009.11330105002500287C.2025052201.002.0": "FORMAT",
    "11100000000013338W009.11330105002500287C.2025052201.002.0\n": "FORMAT",
    "11100000000013338W009.11330105002500287C.２025052201.002.0": "FORMAT",
    "11100000000013338W009.11330105002500287C..002.0": "FORMAT",
}


def test_feat_H1_the_known_vector() -> None:
    assert check_character("A12425GABC1234002") == "M"


@pytest.mark.parametrize("id", RIGHT)
def test_feat_H1_right_ones_are_read_and_made_again(id: str) -> None:
    assert str(read(ROOT + id)) == ROOT + id


@pytest.mark.parametrize("id", WRONG)
def test_feat_H1_wrong_ones_are_refused(id: str) -> None:
    with pytest.raises(ValueError, match=WRONG[id]):
        read(ROOT + id)


@pytest.mark.parametrize("id", RIGHT)
def test_feat_H1_every_single_fault_and_every_swap_is_found(id: str) -> None:
    whole = ROOT + id
    for place in range(len(ROOT), len(whole)):
        for other in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            spoilt = whole[:place] + other + whole[place + 1 :]
            if spoilt != whole:
                with pytest.raises(ValueError):
                    read(spoilt)
    for place in range(len(ROOT), len(whole) - 3):
        swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
        if swapped != whole:
            with pytest.raises(ValueError):
                read(swapped)


def test_feat_H1_a_renewal_is_the_next_version_with_its_own_check() -> None:
    first = read(ROOT + RIGHT[0])
    assert str(first.renewed()).endswith(".20230000403.002.S")
    assert first.renewed().lasting == first.lasting
    assert LicenceId(first.type, "340100", "000000016").issuer_is_area and not first.issuer_is_area
