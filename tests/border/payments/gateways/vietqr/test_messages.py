"""VietQR: the code a payer scans and the news of money, true, false, damaged and of nobody's."""

import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from typing import Any

import pytest
import segno
import zxingcpp
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from border.core.money import Money
from border.payments.gateways.emv_qr import TransferCode, opened, read
from border.payments.gateways.evidence import (
    Acknowledgement,
    Evidence,
    Finding,
    Gateway,
    Order,
    RefundMethod,
    Source,
    Taken,
)
from border.payments.gateways.transfer_reference import is_transfer_reference, transfer_reference
from border.payments.gateways.vietqr.messages import VietQr

ACCOUNT = "1017595600"
SECRET = "WATCHER-TEST-KEY-0001"
FORMER = "WATCHER-TEST-KEY-0000"
VIETQR = VietQr("970436", ACCOUNT, "BAN QUAN LY CUA KHAU", SECRET)
REFERENCE = transfer_reference(123)
NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)
ORDER = Order(
    txn_ref=REFERENCE,
    amount=Money(2_000_000, "VND"),
    says="Phí cửa khẩu PAY-7K3M2-Q2XA9",
    created_at=NOON,
    expires_at=NOON + timedelta(minutes=15),
    client_ip="203.0.113.7",
    base_url="https://gate.example.vn",
)
CREDIT: dict[str, Any] = {
    "orderCode": 0,
    "amount": 2_000_000,
    "description": f"MBVCB.32789.NOP PHI {REFERENCE}.CT tu 0123456789",
    "accountNumber": ACCOUNT,
    "reference": "FT26327000001",
    "transactionDateTime": "2026-11-23 12:02:12",
    "currency": "VND",
    "paymentLinkId": None,
    "code": "00",
    "desc": "success",
    "counterAccountBankId": "970422",
    "counterAccountBankName": None,
    "counterAccountName": "NGUYEN VAN A",
    "counterAccountNumber": "0123456789",
    "virtualAccountName": None,
    "virtualAccountNumber": "",
}
PAID = Evidence(
    gateway="vietqr",
    txn_ref=REFERENCE,
    finding=Finding.PAID,
    amount=Money(2_000_000, "VND"),
    source=Source.PUSH,
    provider_txn="FT26327000001",
    paid_at=datetime(2026, 11, 23, 5, 2, 12, tzinfo=UTC),
    memo=CREDIT["description"],
)


def signed(data: dict[str, Any], secret: str = SECRET, **outer: object) -> bytes:
    """Return a message as payOS sends it, signed without the product's signer."""
    said = {
        name: "" if value in (None, "null", "undefined") else value for name, value in data.items()
    }
    text = "&".join(
        f"{name}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in sorted(said.items())
    )
    whole: dict[str, object] = {
        "code": "00",
        "desc": "success",
        "success": True,
        "data": data,
        "signature": hmac.digest(secret.encode(), text.encode(errors="replace"), "sha256").hex(),
    }
    return json.dumps(whole | outer).encode()


def credit(**changes: Any) -> bytes:
    """Return the message of a credit with changes, rightly signed."""
    return signed(CREDIT | changes)


def lacking(name: str) -> bytes:
    """Return the message of a credit that lacks a field, rightly signed."""
    return signed({field: value for field, value in CREDIT.items() if field != name})


def test_it_is_a_gateway_for_dong_whose_money_goes_back_by_transfer() -> None:
    gateway: Gateway = VIETQR

    assert gateway.code == "vietqr"
    assert gateway.currencies == {"VND"}
    assert gateway.refund_method is RefundMethod.TRANSFER
    assert gateway.sent_at(NOON) == "20261123120000"


def test_its_secrets_are_never_shown() -> None:
    shown = repr(replace(VIETQR, old_secret=FORMER))

    assert SECRET not in shown
    assert FORMER not in shown


@pytest.mark.parametrize("wrong", [{"secret": ""}, {"bin": "VCB"}, {"account": ""}])
def test_a_gateway_nobody_could_pay_or_anybody_could_sign_for_does_not_start(
    wrong: dict[str, str],
) -> None:
    with pytest.raises(ValueError):
        replace(VIETQR, **wrong)


def test_an_attempt_is_known_by_its_number_alone() -> None:
    reference = VIETQR.txn_ref("PAY-7K3M2-Q2XA9", 41)

    assert reference == transfer_reference(41)
    assert reference == VIETQR.txn_ref("PAY-other", 41)
    assert reference != VIETQR.txn_ref("PAY-7K3M2-Q2XA9", 42)
    with pytest.raises(ValueError):
        VIETQR.txn_ref("PAY-7K3M2-Q2XA9", 10**9)


async def test_the_payer_gets_a_code_for_this_payment_and_no_other_page() -> None:
    checkout = await VIETQR.checkout(ORDER)

    assert checkout.redirect_url is None
    assert checkout.qr_payload is not None
    assert TransferCode.of(checkout.qr_payload) == TransferCode(
        "970436", ACCOUNT, 2_000_000, REFERENCE, f"NOP PHI {REFERENCE}", dynamic=True
    )
    fields = dict(opened(checkout.qr_payload))
    assert [*fields] == ["00", "01", "38", "53", "54", "58", "62"]
    assert all(len(text) <= 25 for _, text in read(fields["62"]))


async def test_a_bank_would_read_the_code_and_send_a_memo_we_recognise() -> None:
    payload = (await VIETQR.checkout(ORDER)).qr_payload or ""
    picture = BytesIO()
    segno.make_qr(payload).save(picture, kind="png", scale=3)

    (found,) = zxingcpp.read_barcodes(Image.open(picture))
    purpose = TransferCode.of(found.text).purpose

    assert found.text == payload
    assert VIETQR.read_notice(credit(description=purpose)) == replace(PAID, memo=purpose or "")


@pytest.mark.parametrize(
    "order",
    [
        replace(ORDER, amount=Money(100, "CNY")),
        replace(ORDER, amount=Money(0, "VND")),
        replace(ORDER, amount=Money(10**13, "VND")),
        replace(ORDER, txn_ref="PAY7K3M2Q2XA9A1"),
        replace(ORDER, txn_ref="LC00000012321"),
    ],
)
async def test_money_it_cannot_collect_or_match_is_not_asked_for(order: Order) -> None:
    with pytest.raises(ValueError):
        await VIETQR.checkout(order)


def test_a_credit_proves_what_it_says() -> None:
    assert VIETQR.read_notice(credit()) == PAID


@pytest.mark.parametrize(
    "memo",
    [REFERENCE, f"nop phi {REFERENCE.lower()}", f"IBFT {REFERENCE[:6]} {REFERENCE[6:]} GD 789604"],
)
def test_the_reference_is_found_in_what_the_bank_made_of_the_memo(memo: str) -> None:
    assert VIETQR.read_notice(credit(description=memo)) == replace(PAID, memo=memo)


@pytest.mark.parametrize(
    "memo",
    ["", "phi xe 24C12345", "LC00000012321", f"{REFERENCE} {transfer_reference(124)}"],
)
def test_money_with_no_single_reference_is_money_of_nobodys(memo: str) -> None:
    assert VIETQR.read_notice(credit(description=memo)) == replace(PAID, memo=memo, txn_ref="")


def test_money_with_no_memo_at_all_is_money_of_nobodys() -> None:
    assert VIETQR.read_notice(credit(description=None)) == replace(PAID, memo="", txn_ref="")


@pytest.mark.parametrize("amount", [1, 1_999_999, 2_000_001, 10**13 - 1])
def test_an_amount_the_payer_changed_is_reported_as_it_came(amount: int) -> None:
    assert VIETQR.read_notice(credit(amount=amount)) == replace(PAID, amount=Money(amount, "VND"))


@pytest.mark.parametrize("amount", [True, False, 0, -1, "2000000", None, [], {}, 10**13])
def test_what_is_no_positive_number_of_dong_is_malformed(amount: object) -> None:
    assert VIETQR.read_notice(credit(amount=amount)) is Taken.MALFORMED


@pytest.mark.parametrize("written", ["2000000.0", "2000000.5", "2e6", "1E-7"])
def test_an_amount_with_a_point_or_an_exponent_is_malformed(written: str) -> None:
    as_javascript = {"2000000.0": "2000000", "2e6": "2000000", "1E-7": "0.0000001"}
    raw = credit(amount=as_javascript.get(written, written))
    quoted = f'"amount": "{as_javascript.get(written, written)}"'

    assert quoted.encode() in raw
    changed = raw.replace(quoted.encode(), f'"amount": {written}'.encode())
    assert VIETQR.read_notice(changed) is Taken.MALFORMED


@pytest.mark.parametrize(
    "name",
    [
        "amount",
        "accountNumber",
        "description",
        "reference",
        "transactionDateTime",
        "currency",
        "code",
    ],
)
def test_a_message_that_lacks_what_it_must_say_is_malformed(name: str) -> None:
    assert VIETQR.read_notice(lacking(name)) is Taken.MALFORMED


@pytest.mark.parametrize(
    "change",
    [
        {"reference": ""},
        {"reference": "  "},
        {"reference": None},
        {"reference": 15},
        {"reference": "F\x00T"},
        {"reference": "x" * 65},
        {"currency": "USD"},
        {"currency": None},
        {"accountNumber": 1017595600},
        {"accountNumber": None},
        {"description": 7},
        {"description": True},
        {"code": 0},
        {"code": None},
    ],
)
def test_a_field_of_the_wrong_kind_is_malformed(change: dict[str, object]) -> None:
    assert VIETQR.read_notice(credit(**change)) is Taken.MALFORMED


def test_fields_we_do_not_know_are_signed_and_otherwise_left() -> None:
    assert VIETQR.read_notice(credit(zone="x", chain="a&b=c", note=None)) == PAID
    few = ["amount", "accountNumber", "description", "reference", "transactionDateTime"]
    assert VIETQR.read_notice(signed({n: CREDIT[n] for n in [*few, "currency", "code"]})) == PAID


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026-11-23 12:02:12", PAID.paid_at),
        ("2026-11-23T12:02:12+07:00", PAID.paid_at),
        ("2026-11-23T05:02:12Z", PAID.paid_at),
        ("2026-12-31 23:59:59", datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)),
        ("2027-01-01 00:00:00", datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=7)))),
        ("2026-02-30 12:00:00", None),
        ("2026-11-23 24:60:00", None),
        ("2026-11-23T12:02:12+99:99", None),
        ("0001-01-01 00:00:00", None),
        ("23/11/2026 12:02", None),
        ("", None),
        (None, None),
        (1795413732, None),
    ],
)
def test_the_time_is_the_gates_and_one_that_is_none_does_not_lose_the_money(
    written: object, read_as: datetime | None
) -> None:
    found = VIETQR.read_notice(credit(transactionDateTime=written))

    assert found == replace(PAID, paid_at=read_as)


def test_money_for_another_account_is_not_ours() -> None:
    assert VIETQR.read_notice(credit(accountNumber="12345678")) is Taken.NOT_OURS
    assert VIETQR.read_notice(credit(accountNumber=ACCOUNT + "0")) is Taken.NOT_OURS
    assert VIETQR.read_notice(credit(accountNumber=f" {ACCOUNT} ")) == PAID


def test_the_sample_sent_when_the_address_is_registered_is_answered_well() -> None:
    sample = {
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
    raw = signed(sample)

    taken = VIETQR.read_notice(raw)

    assert taken is Taken.NOT_OURS
    assert VIETQR.acknowledge(taken, raw, NOON) == Acknowledgement(200, {"success": True})
    documented_key = "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675"
    documented = signed(
        sample,
        signature="412e915d2871504ed31be63c8f62a149a4410d34c4c42affc9006ef9917eaa03",
    )
    theirs = replace(VIETQR, account="12345678", secret=documented_key)
    assert isinstance(theirs.read_notice(documented), Evidence)
    assert VIETQR.read_notice(documented) is Taken.FORGED


@pytest.mark.parametrize(
    "raw",
    [
        credit(code="01"),
        credit(code="01", amount=0, reference=None),
        signed(CREDIT, code="01"),
        signed(CREDIT, success=False),
        signed(CREDIT, success="true"),
    ],
)
def test_a_message_that_tells_of_no_money_leaves_the_attempt_pending(raw: bytes) -> None:
    assert VIETQR.read_notice(raw) == replace(
        PAID, finding=Finding.PENDING, amount=None, provider_txn=None, paid_at=None
    )


def test_a_message_signed_by_somebody_else_is_forged() -> None:
    assert VIETQR.read_notice(signed(CREDIT, "another key")) is Taken.FORGED
    assert VIETQR.read_notice(signed(CREDIT, signature="")) is Taken.FORGED
    assert VIETQR.read_notice(signed(CREDIT, signature="à" * 64)) is Taken.FORGED
    assert VIETQR.read_notice(signed(CREDIT, signature="\ud800")) is Taken.FORGED


def test_a_signature_in_capitals_is_the_same() -> None:
    whole = json.loads(credit())

    assert VIETQR.read_notice(signed(CREDIT, signature=whole["signature"].upper())) == PAID


@pytest.mark.parametrize("name", CREDIT)
def test_any_field_changed_after_signing_is_forged(name: str) -> None:
    whole = json.loads(credit())
    for value in ("x", 5, None, True):
        if whole["data"][name] != value and (whole["data"][name] or value is not None):
            changed = whole | {"data": whole["data"] | {name: value}}
            assert VIETQR.read_notice(json.dumps(changed).encode()) is Taken.FORGED, value
    del whole["data"][name]
    assert VIETQR.read_notice(json.dumps(whole).encode()) is Taken.FORGED


def test_a_field_added_after_signing_is_forged() -> None:
    whole = json.loads(credit())
    whole["data"]["virtualAccountNumber2"] = ""

    assert VIETQR.read_notice(json.dumps(whole).encode()) is Taken.FORGED


def test_while_the_key_changes_both_are_believed_and_then_the_old_one_is_not() -> None:
    changing = replace(VIETQR, old_secret=FORMER)

    assert changing.read_notice(signed(CREDIT, SECRET)) == PAID
    assert changing.read_notice(signed(CREDIT, FORMER)) == PAID
    assert VIETQR.read_notice(signed(CREDIT, FORMER)) is Taken.FORGED
    assert VIETQR.read_notice(signed(CREDIT, "")) is Taken.FORGED


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"x", b"null", b"code=00", b'{"code":"00","data":{},"signature":null}']
)
def test_what_is_no_message_is_malformed(raw: bytes) -> None:
    assert VIETQR.read_notice(raw) is Taken.MALFORMED


def test_a_signed_message_without_anything_in_it_is_malformed() -> None:
    assert VIETQR.read_notice(signed({})) is Taken.MALFORMED


def test_one_flipped_byte_anywhere_never_proves_anything_else() -> None:
    raw = credit()
    for place in range(len(raw)):
        for bit in range(8):
            flipped = raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]
            found = VIETQR.read_notice(flipped)
            # The unsigned part, and the case of the signature, may change without harm.
            pending = replace(
                PAID, finding=Finding.PENDING, amount=None, provider_txn=None, paid_at=None
            )
            assert found in (Taken.FORGED, Taken.MALFORMED, PAID, pending), flipped


@example("null")  # payOS signs these words as nothing at all
@example("undefined")
@given(st.text(max_size=700))
def test_any_memo_can_be_kept_and_shown(memo: str) -> None:
    found = VIETQR.read_notice(credit(description=memo))
    assert isinstance(found, Evidence)
    assert len(found.memo) <= 500
    assert "\x00" not in found.memo
    assert found.memo.encode().decode() == found.memo
    assert found.txn_ref == "" or is_transfer_reference(found.txn_ref)


def test_half_a_letter_and_a_zero_byte_in_a_memo_do_no_harm() -> None:
    for memo in ("a\ud800b\x00c", "\udfff", "\x00"):
        found = VIETQR.read_notice(credit(description=memo))
        assert isinstance(found, Evidence)
        assert found.memo.encode() == {"a\ud800b\x00c": b"a b c"}.get(memo, b"")


@given(st.dictionaries(st.sampled_from([*CREDIT, "other"]), st.text() | st.integers() | st.none()))
def test_any_signed_message_is_read_without_harm(changes: dict[str, Any]) -> None:
    VIETQR.read_notice(credit(**changes))


@pytest.mark.parametrize(
    ("taken", "status"),
    [
        (Taken.RECORDED, 200),
        (Taken.REPEATED, 200),
        (Taken.UNKNOWN, 200),
        (Taken.WRONG_AMOUNT, 200),
        (Taken.NOT_OURS, 200),
        (Taken.FORGED, 401),
        (Taken.MALFORMED, 400),
        (Taken.NOT_NOW, 503),
    ],
)
def test_payos_is_asked_to_send_again_only_what_was_not_taken(taken: Taken, status: int) -> None:
    answer = VIETQR.acknowledge(taken, credit(), NOON)

    assert answer == Acknowledgement(status, {"success": status == 200})


def test_every_way_to_take_a_notice_has_an_answer() -> None:
    assert {VIETQR.acknowledge(taken, b"", NOON).status for taken in Taken} == {200, 400, 401, 503}
