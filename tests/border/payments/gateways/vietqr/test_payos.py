"""payOS's message and signature, against what payOS publishes, and whatever else may come in.

The first vector is of payos.vn/docs/tich-hop-webhook/kiem-tra-du-lieu-voi-signature, the others of
the tests of payOS's own library for Python (payOSHQ/payos-lib-python).
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.payments.gateways.vietqr.payos import Message, read_message, sign, signed_text
from border.payments.gateways.wire import LARGEST, Json

DOCUMENTED_KEY = "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675"
DOCUMENTED: dict[str, Json] = {
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
DOCUMENTED_SIGNATURE = "412e915d2871504ed31be63c8f62a149a4410d34c4c42affc9006ef9917eaa03"

LIBRARY_KEY = "test_checksum_key"
LIBRARY_CREDIT: dict[str, Json] = {
    "accountNumber": "0123456789",
    "amount": 2000,
    "counterAccountBankId": "01202001",
    "counterAccountBankName": None,
    "counterAccountName": "NGUYEN VAN A",
    "counterAccountNumber": "9876543210",
    "description": "TRANSACTION DESCRIPTION",
    "reference": "FT-REFERENCE",
    "transactionDateTime": "2025-12-12T09:00:00+07:00",
    "virtualAccountName": None,
    "virtualAccountNumber": None,
}
LIBRARY_LINK: dict[str, Json] = {
    "id": "payment-link-id",
    "orderCode": 0,
    "amount": 2000,
    "createdAt": "2025-12-12T09:00:00+07:00",
    "canceledAt": None,
    "cancellationReason": None,
}
LIBRARY: dict[str, tuple[dict[str, Json], str]] = {
    "a webhook": (
        {
            "accountNumber": "0123456789",
            "amount": 20000,
            "description": "thanh toan",
            "reference": "FT-REFERENCE",
            "transactionDateTime": "2025-12-12 09:00:00",
            "virtualAccountNumber": "",
            "counterAccountBankId": "01202001",
            "counterAccountBankName": "",
            "counterAccountName": "NGUYEN VAN A",
            "counterAccountNumber": "9876543210",
            "virtualAccountName": "",
            "currency": "VND",
            "orderCode": 0,
            "paymentLinkId": "payment-link-id",
            "code": "00",
            "desc": "success",
        },
        "302b3becca1672dff99daafae2965f40e48ea3ca39453e4bf37fbcc26807a0e8",
    ),
    "a list of objects with null": (
        LIBRARY_LINK
        | {
            "amountPaid": 2000,
            "amountRemaining": 0,
            "status": "PAID",
            "transactions": [LIBRARY_CREDIT],
        },
        "6af5e2c9a28256c140169ed624114b43295915d7b6e2fa6278b17a7c43aadefd",
    ),
    "a longer list": (
        LIBRARY_LINK
        | {
            "amountPaid": 2000,
            "amountRemaining": 0,
            "status": "PAID",
            "transactions": [LIBRARY_CREDIT, LIBRARY_CREDIT],
        },
        "04ebbe221724d2b848c3f39b2db3311cc554167f55bd2fe2cb7b86b6bfdeadaa",
    ),
    "an empty list": (
        LIBRARY_LINK
        | {"amountPaid": 0, "amountRemaining": 2000, "status": "PENDING", "transactions": []},
        "33093364158b143baa9ecd2e705d9a2a5a5d391a3cab7cb0a371588b3731368f",
    ),
}


def message(**changes: object) -> bytes:
    """Return the documented message as sent, with changes to its outer part."""
    whole: dict[str, object] = {
        "code": "00",
        "desc": "success",
        "success": True,
        "data": DOCUMENTED,
        "signature": DOCUMENTED_SIGNATURE,
    }
    return json.dumps(whole | changes).encode()


def without(name: str) -> bytes:
    """Return the documented message without one name of its outer part."""
    whole: dict[str, object] = json.loads(message())
    del whole[name]
    return json.dumps(whole).encode()


def test_the_documented_signature_is_ours_too() -> None:
    assert sign(DOCUMENTED_KEY, DOCUMENTED) == DOCUMENTED_SIGNATURE
    assert signed_text(DOCUMENTED).startswith("accountNumber=12345678&amount=3000&code=00&counter")
    assert "&desc=Thành công&description=VQRIO123&" in signed_text(DOCUMENTED)


@pytest.mark.parametrize(("data", "signature"), LIBRARY.values(), ids=LIBRARY)
def test_the_signatures_of_payos_own_library_are_ours_too(
    data: dict[str, Json], signature: str
) -> None:
    assert sign(LIBRARY_KEY, data) == signature


@pytest.mark.parametrize(
    ("written", "signed"),
    [
        ("null", ""),
        ('"null"', ""),
        ('"undefined"', ""),
        ('""', ""),
        ("0", "0"),
        ("true", "true"),
        ("false", "false"),
        ("3000.0", "3000"),
        ("3e3", "3000"),
        ("0.50", "0.5"),
        ("-12", "-12"),
        ('"Phí & lệ=phí"', "Phí & lệ=phí"),
        ("[]", "[]"),
        ('[1, "á\\"", null, true, 2.50]', '[1,"á\\"",null,true,2.5]'),
        ('[{"b": 1, "a": [ ]}]', '[{"a":[],"b":1}]'),
        ('{"b": {"d": 1, "c": 2}, "a": null}', '{"a":null,"b":{"c":2,"d":1}}'),
    ],
)
def test_a_value_is_signed_as_payos_writes_it(written: str, signed: str) -> None:
    raw = f'{{"code": "00", "data": {{"z": 1, "a": {written}}}, "signature": ""}}'.encode()
    read = read_message(raw)

    assert read is not None
    assert signed_text(read.data) == f"a={signed}&z=1"


def test_a_message_is_read_as_sent() -> None:
    assert read_message(message()) == Message(DOCUMENTED, DOCUMENTED_SIGNATURE, True)
    assert read_message(without("success")) == Message(DOCUMENTED, DOCUMENTED_SIGNATURE, True)
    assert read_message(without("desc")) == Message(DOCUMENTED, DOCUMENTED_SIGNATURE, True)
    assert read_message(message(data={"deep": [[[[[[]]]]]]})) is not None


@pytest.mark.parametrize("claim", [{"code": "01"}, {"success": False}, {"success": 1}])
def test_an_outer_part_that_is_no_success_claims_none(claim: dict[str, object]) -> None:
    read = read_message(message(**claim))

    assert read is not None
    assert not read.claims_success


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"code=00&success=true",
        b"<html>502 Bad Gateway</html>",
        b"[]",
        b"null",
        b'"00"',
        message()[:-1],
        message() + b"x",
        b"\xff" + message(),
        b"\xef\xbb\xbf" + message(),
        message().decode().encode("utf-16"),
        without("code"),
        without("data"),
        without("signature"),
        message(code=0),
        message(data=[]),
        message(data="x"),
        message(data=None),
        message(signature=None),
        message(signature=1),
        message().replace(b'"code"', b'"code": "01", "code"', 1),
        message().replace(b'"amount"', b'"amount": 1, "amount"'),
        message(data={"a": [{"b": 1}]}).replace(b'"b": 1', b'"b": 2, "b": 1'),
        message().replace(b"3000", b"NaN"),
        message().replace(b"3000", b"-Infinity"),
        message().replace(b"3000", b"03000"),
        message().replace(b"3000", b"9" * 5_000),
        message().replace(b"3000", b"1e99999999999999999999"),
        message(data={"deep": 0}).replace(b"0}", b"[" * 30_000 + b"]" * 30_000 + b"}"),
        *(
            message(data={"deep": 0}).replace(b"0}", b"[" * depth + b"]" * depth + b"}")
            for depth in (7, 100, 300, 450, 900)
        ),
        message(padding="x" * LARGEST),
    ],
)
def test_what_is_no_message_of_payos_is_none(raw: bytes) -> None:
    assert read_message(raw) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_harm(raw: bytes) -> None:
    read_message(raw)


JSONS: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=3,
)


@given(st.dictionaries(st.text(), JSONS))
def test_any_data_can_be_signed_whatever_order_it_comes_in(data: dict[str, Any]) -> None:
    raw = json.dumps({"code": "00", "data": data, "signature": ""}).encode()
    shuffled = json.dumps(
        {"signature": "", "data": dict(reversed(data.items())), "code": "00"}
    ).encode()
    one, other = read_message(raw), read_message(shuffled)

    assert one is not None
    assert other is not None
    assert sign("key", one.data) == sign("key", other.data)
    assert len(sign("key", one.data)) == 64
