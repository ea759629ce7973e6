"""Two fixed-width cores of the county: the traffic police's, and the housing fund's of 2006."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from adapters.twins.fixed_width_site import FixedWidthSite, Told
from adapters.twins.residents import Resident, county, luck

CHINA = timezone(timedelta(hours=8))
PLACES = ("建设路与人民路交叉口", "武宁大道沙田新区路口", "朝阳湖路\r\n新宁镇政府门前", "澧溪镇S306省道12公里处")
EMPLOYERS = ("武宁县第一中学", "武宁县人民医院", "江西省武宁县工业园区光电产业有限公司")
PLATES = {"赣G12345": 2, "赣G00001": 0, "赣G54321": 1}


class Traffic(FixedWidthSite):
    """Penalties by plate. A notice of ours is paid when a record says so."""

    def __init__(self, secrets: Path, seed: int, **more: Any) -> None:
        super().__init__("traffic", secrets, seed, **more)

    def carried_out(self, operation: str, fields: Mapping[str, str]) -> Told:
        if operation == "query_violations":
            return self._violations(fields["plate_no"])
        bill = self._bill(fields["bill_no"])
        if bill is None:
            return Told("02")
        return self._payment(bill) if operation == "query_payment" else self._paid(bill, fields)

    def _violations(self, plate: str) -> Told:
        if plate not in PLATES:
            return Told("01")
        bills = [bill for number in range(PLATES[plate]) if (bill := self._bill(f"{plate[2:]}{number:03d}"))]
        rows = self.rows(bills, lambda row: {**row, "penalty_amount": "1"})
        count = str(len(rows))
        return Told("00", {"plate_no": plate, "number": count, "violations": rows}, {"records": count})

    def _bill(self, number: str) -> dict[str, str] | None:
        plate = "赣G" + number[:5]
        if plate not in PLATES or not number[5:].isdigit() or int(number[5:]) >= PLATES[plate]:
            return None
        draw = luck(self.seed, "violation", number)
        return {
            "bill_no": number,
            "violation_at": f"2025-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d} {draw.randint(6, 22):02d}:15:00",
            "violation_place": draw.choice(PLACES),
            "penalty_amount": str(draw.choice([5000, 10000, 20000])),
            "status": "01" if self._found(number) else "00",
        }

    def _payment(self, bill: Mapping[str, str]) -> Told:
        paid = self._found(bill["bill_no"]) or {"paid_at": "0" * 14}
        return Told("00", {**bill, **{name: str(value) for name, value in paid.items()}}, {"records": "1"})

    def _paid(self, bill: Mapping[str, str], fields: Mapping[str, str]) -> Told:
        if self._found(bill["bill_no"]):
            return Told("04")
        if fields["amount"] != bill["penalty_amount"]:
            return Told("03")
        at = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
        receipt = f"JF{fields['serial'].rjust(12, '0')}"
        self.records.add({**fields, "receipt_no": receipt, "paid_at": at})
        body = {"receipt_no": receipt, "penalty_amount": fields["amount"], "paid_at": at}
        return Told("00", body, {"records": "1"})

    def _found(self, bill: str) -> dict[str, Any] | None:
        return next((record for record in self.records.visible() if record["bill_no"] == bill), None)


class FundCore(FixedWidthSite):
    """Accounts by person; applications, each filed anew as often as it is sent."""

    denied = "9999"

    def __init__(self, secrets: Path, seed: int, **more: Any) -> None:
        super().__init__("fund_core", secrets, seed, **more)
        self.county = county()

    def carried_out(self, operation: str, fields: Mapping[str, str]) -> Told:
        if operation == "query_status":
            return self._status(fields["external_no"])
        number = fields.get("id_number") or fields.get("applicant_id", "")
        person = self.county.residents.get(number)
        if person is None:
            return Told("1001")
        if person.name != (fields.get("name") or fields.get("applicant_name")):
            return Told("1002")
        return self._account(person) if operation == "query_account" else self._filed(fields)

    def _account(self, person: Resident) -> Told:
        draw = luck(self.seed, "fund core", person.id_number)
        deposit = draw.randrange(20_000, 200_000)
        return Told(
            "0000",
            {
                "name": person.name,
                "id_number": person.id_number,
                "fund_account": f"3604230{draw.randrange(10**9):09d}",
                "monthly_deposit": str(deposit),
                "account_balance": str(deposit * draw.randrange(0, 240)),
                "org_name": draw.choice(EMPLOYERS),
            },
        )

    def _filed(self, fields: Mapping[str, str]) -> Told:
        at = datetime.now(CHINA).strftime("%Y%m%d%H%M%S")
        number = self.records.add({**fields, "accepted_at": at})
        return Told("0000", {"case_no": f"GJJ{number:010d}", "accepted_at": at})

    def _status(self, external: str) -> Told:
        case = next((each for each in self.records.visible() if each["external_no"] == external), None)
        if case is None:
            return Told("1003")
        body = {"external_no": external, "case_no": f"GJJ{case['number']:010d}", "step": "01", "decided_on": "00000000"}
        return Told("0000", body)
