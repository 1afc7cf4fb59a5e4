"""The webhook's signature against payOS's published vector, and what a transfer is told as."""

from datetime import UTC, datetime

import pytest

from border.sandbox.bank.webhook import message_of, sign_data
from border.sandbox.books.transfers import BankTransfer

KEY = "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675"
PUBLISHED = {
    "orderCode": 123,
    "amount": 3000,
    "description": "VQRIO123",
    "accountNumber": "12345678",
    "reference": "TF230204212323",
    "transactionDateTime": "2023-02-04 18:25:00",
    "currency": "VND",
    "paymentLinkId": "124c33293c43417ab7879e14c8d9eb18",
    "code": "00",
    "desc": "Thành công",
    "counterAccountBankId": "",
    "counterAccountBankName": "",
    "counterAccountName": "",
    "counterAccountNumber": "",
    "virtualAccountName": "",
    "virtualAccountNumber": "",
}
SIGNATURE = "412e915d2871504ed31be63c8f62a149a4410d34c4c42affc9006ef9917eaa03"


def test_the_published_vector_holds_in_any_order() -> None:
    assert sign_data(PUBLISHED, KEY) == SIGNATURE
    assert sign_data(dict(reversed(PUBLISHED.items())), KEY) == SIGNATURE


def test_nothing_is_signed_as_empty() -> None:
    empty = {name: None if value == "" else value for name, value in PUBLISHED.items()}
    assert sign_data(empty, KEY) == SIGNATURE


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_field_is_covered(name: str) -> None:
    assert sign_data(PUBLISHED | {name: "changed"}, KEY) != SIGNATURE


def test_a_transfer_is_told_with_the_fields_of_the_vector_at_the_hour_of_the_gate() -> None:
    transfer = BankTransfer(
        number=100_001,
        reference="FT263260100001",
        form="f",
        direction="C",
        bank="970436",
        account="1017595600",
        ours=True,
        amount_vnd=2_000_000,
        memo="PHI HT LC2026000123A1",
        happened_at=datetime(2026, 11, 22, 2, 30, tzinfo=UTC),
    )
    data = message_of(transfer, "1017595600", 2_000_000)
    assert set(data) == set(PUBLISHED)
    assert data["transactionDateTime"] == "2026-11-22 09:30:00"
    assert (data["amount"], data["reference"]) == ("2000000", "FT263260100001")
