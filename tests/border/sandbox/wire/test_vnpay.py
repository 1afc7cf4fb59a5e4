"""The sandbox's signing against VNPAY's published vectors and the ones computed from its rules."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.sandbox.wire.vnpay import (
    HASH_FIELD,
    QUERYDR_ANSWER,
    QUERYDR_REQUEST,
    REFUND_ANSWER,
    REFUND_REQUEST,
    MalformedQuery,
    canonical,
    fields_are_signed,
    hash_of_fields,
    hmac_sha512,
    query_is_signed,
    read_query,
    sign_query,
)

PUBLISHED_SECRET = "test_secret"
SECRET = "GATE-EMULATOR-TEST-SECRET-0001"

V1 = (
    "vnp_Amount=1000000&vnp_BankCode=NCB&vnp_BankTranNo=VNP14422574&vnp_CardType=ATM"
    "&vnp_OrderInfo=Thanh+toan+don+hang+2024-05-21T02%3A17%3A31.249Z&vnp_PayDate=20240521091806"
    "&vnp_ResponseCode=00&vnp_TmnCode=TEST_TMN_CODE&vnp_TransactionNo=14422574"
    "&vnp_TransactionStatus=00&vnp_TxnRef=1716257871703"
)
A = (
    "vnp_Amount=200000000&vnp_Command=pay&vnp_CreateDate=20261122093000&vnp_CurrCode=VND"
    "&vnp_ExpireDate=20261122094500&vnp_IpAddr=203.0.113.7&vnp_Locale=vn"
    "&vnp_OrderInfo=Phi+ha+tang+cua+khau+LC-2026-000123&vnp_OrderType=other"
    "&vnp_ReturnUrl=https%3A%2F%2Fgate.example.vn%2Fpay%2Fvnpay%2Freturn&vnp_TmnCode=GATE0001"
    "&vnp_TxnRef=LC2026000123A1&vnp_Version=2.1.0"
)
B = (
    "vnp_Amount=200000000&vnp_BankCode=NCB&vnp_BankTranNo=VNP15000001&vnp_CardType=ATM"
    "&vnp_OrderInfo=Phi+ha+tang+cua+khau+LC-2026-000123&vnp_PayDate=20261122093212"
    "&vnp_ResponseCode=00&vnp_TmnCode=GATE0001&vnp_TransactionNo=15000001"
    "&vnp_TransactionStatus=00&vnp_TxnRef=LC2026000123A1"
)
C = (
    "vnp_Amount=200000000&vnp_BankCode=VNPAY&vnp_CardType=QRCODE"
    "&vnp_OrderInfo=Phi+ha+tang+cua+khau+LC-2026-000123&vnp_PayDate=20261122093300"
    "&vnp_ResponseCode=24&vnp_TmnCode=GATE0001&vnp_TransactionNo=0&vnp_TransactionStatus=02"
    "&vnp_TxnRef=LC2026000123A1"
)
H = (
    "vnp_A=~%2A%21%28%29%27-._%2F%3A+%40&vnp_B=Ph%C3%AD&vnp_C=a%2Bb%26c%3Dd%25"
)  # fmt: skip
QUERIES = {
    "V1": (
        PUBLISHED_SECRET,
        V1,
        "649982421beb422556a1374713c74e58e716ecbd05007c0c0e1f7effdfaf361d"
        "bf146889ca446139afe11b9954c4d5c486e99e3b86fcfab6957f29eb0be72895",
    ),
    "V2": (
        PUBLISHED_SECRET,
        V1.replace("vnp_ResponseCode=00", "vnp_ResponseCode=99"),
        "503194f6d93b57b357b2d1d09742565e67e86d771352c5dca4fc8d39df3d392c"
        "6b3809add9405f97cfb9631f445e36c80656cfbf47eac67d97fa165865c13e1b",
    ),
    "A": (
        SECRET,
        A,
        "6c3504d93f6cedeac13d705cb399e651d4519284492a2df6119b40ef05e509cd"
        "1a606e4ca85be3b349341ac61e9f771a54b7a5fa1ba0613f2db39e3fdce9b55b",
    ),
    "B": (
        SECRET,
        B,
        "83f7f4f7938eb0346342dfd8b2d38430231d39fd3177ec14c71c4bae75bb03eb"
        "7e0e03a0e7bffa74a04a94b02f7ab805f878cd9a7fda34f1cba3d059b1e4137b",
    ),
    "C": (
        SECRET,
        C,
        "e9eb7a235fce7db879645826867675b01e2ce97ef5f4c11d91139a6febc9d332"
        "41e9bf36bc1eab2ea8ae4c505d612c61e2de95a53440a6715fa12c3b012cd9da",
    ),
    "H": (
        SECRET,
        H,
        "55a7370fe54de13b975f8460201115582fb040767021065ee7c0f273b10e0cb1"
        "0256d09c8556e80913513706e0f12504deac4f63a3bc4ac0e752232e95d0efc9",
    ),
}
B_SIGNED_OVER_PERCENT_20 = (
    "c3d41a403b216e0a8205d99449c9691af098fbba80d2100950f73b03b43a5954"
    "efbb5217546c5a207a1bfccde45e2df34506da82dfc3da976e0348ddc4d4faf0"
)
B_SIGNED_UNENCODED = (
    "78ada17ee71f03d8e08c674dd534baf503a63a81a8999a964f94fbafb010fb0b"
    "715f70a31c00a8a493acd611edc0865f21fb75d507a9c7ebb6d695b44204cf10"
)
MESSAGES = {
    "D": (
        QUERYDR_REQUEST,
        "0f1c2d3e4b5a69788796a5b4c3d2e1f0|2.1.0|querydr|GATE0001|LC2026000123A1|20261122093000"
        "|20261122100000|203.0.113.10|Truy van LC2026000123A1",
        "0a1fc697a1c219a3e3931710c4f7dab56a5ca4fba7a2c7d31e535ebf38b786a1"
        "a6a56bfe5cfe8858ffe6a68545ef8d207242419d3bb43c4cea97f9e8eb330b11",
    ),
    "E": (
        QUERYDR_ANSWER,
        "9a8b7c6d5e4f40312233445566778899|querydr|00|Success|GATE0001|LC2026000123A1|200000000|NCB"
        "|20261122093212|15000001|01|00|Phi ha tang cua khau LC-2026-000123||",
        "8f7cae5579d1d4f68d27d3e24fa1f835c601a187360f71dda6bba5396e272966"
        "11fccf0e4a06f4fdd7cbf7f8a699b3f386513de4f66128099c78a390a56ac0fb",
    ),
    "F": (
        REFUND_REQUEST,
        "1f1c2d3e4b5a69788796a5b4c3d2e1f1|2.1.0|refund|GATE0001|03|LC2026000123A1|50000000"
        "|15000001|20261122093000|cashier01|20261122110000|203.0.113.10"
        "|Hoan phi mot phan LC2026000123A1",
        "d58c8c4f5f20e68caa0b7b30ee79b3964cfff66aa2f68883f4b56975e3b65e39"
        "326c2b805431a8de27c3ff3e023d178f0e2e53c3d13f6359317669990343e49f",
    ),
    "G": (
        REFUND_ANSWER,
        "2a8b7c6d5e4f40312233445566778890|refund|00|Success|GATE0001|LC2026000123A1|50000000|NCB"
        "|20261122110001|15000002|03|05|Hoan phi mot phan LC2026000123A1",
        "4ccf7ba5bac0560c3519a19bea9002ae338ef86e88e68f30eb23df21f5f13e72"
        "0bf034081e04d932dee260061eaee7336cdf4ec7af3fdb21665e1a4ded295485",
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_written_and_signed_as_the_vector_says(name: str) -> None:
    secret, expected_canonical, expected_hash = QUERIES[name]
    params = read_query(expected_canonical.encode())
    assert canonical(params) == expected_canonical
    assert hmac_sha512(expected_canonical, secret) == expected_hash
    assert sign_query(params, secret) == f"{expected_canonical}&{HASH_FIELD}={expected_hash}"


@pytest.mark.parametrize("name", QUERIES)
def test_a_vector_verifies_in_any_order_and_in_either_case_of_the_hash(name: str) -> None:
    secret, query, expected_hash = QUERIES[name]
    backwards = "&".join(reversed(query.split("&")))
    raw = f"{HASH_FIELD}={expected_hash.upper()}&{backwards}"
    assert query_is_signed(raw.encode(), secret)
    assert not query_is_signed(raw.encode(), secret + "x")


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_signed_over_its_values_in_the_documented_order(name: str) -> None:
    order, joined, expected_hash = MESSAGES[name]
    message = dict(zip(order, joined.split("|"), strict=True))
    assert hash_of_fields(order, message, SECRET) == expected_hash
    assert fields_are_signed(order, message | {HASH_FIELD: expected_hash}, SECRET)
    changed = message | {"vnp_TxnRef": "LC2026000123A2", HASH_FIELD: expected_hash}
    assert not fields_are_signed(order, changed, SECRET)


def test_a_field_the_order_does_not_name_is_not_signed() -> None:
    order, joined, expected_hash = MESSAGES["D"]
    message = dict(zip(order, joined.split("|"), strict=True)) | {"vnp_TransactionNo": "15000001"}
    assert hash_of_fields(order, message, SECRET) == expected_hash


@pytest.mark.parametrize("wrong_hash", [B_SIGNED_OVER_PERCENT_20, B_SIGNED_UNENCODED])
def test_a_hash_over_another_encoding_is_refused_when_the_query_carries_plus(
    wrong_hash: str,
) -> None:
    assert not query_is_signed(f"{B}&{HASH_FIELD}={wrong_hash}".encode(), SECRET)


def test_a_hash_over_percent_20_holds_when_the_query_itself_was_written_so() -> None:
    written_so = B.replace("+", "%20")
    assert hmac_sha512(written_so, SECRET) == B_SIGNED_OVER_PERCENT_20
    assert query_is_signed(f"{written_so}&{HASH_FIELD}={B_SIGNED_OVER_PERCENT_20}".encode(), SECRET)


def test_another_encoders_escapes_hold_both_as_received_and_re_encoded() -> None:
    for raw_query in ("vnp_A=a%7e%2ab!&vnp_B=Ph%c3%ad", "vnp_A=a~*b%21&vnp_B=Ph%C3%AD"):
        as_received = hmac_sha512(raw_query, SECRET)
        re_encoded = hmac_sha512(canonical(read_query(raw_query.encode())), SECRET)
        assert as_received != re_encoded
        for claimed in (as_received, re_encoded):
            assert query_is_signed(f"{raw_query}&{HASH_FIELD}={claimed}".encode(), SECRET)


def test_empty_values_and_other_peoples_parameters_are_not_signed() -> None:
    expected_hash = QUERIES["C"][2]
    raw = f"lang=zh&vnp_BankTranNo=&{C}&vnp_SecureHashType=SHA512&{HASH_FIELD}={expected_hash}"
    assert query_is_signed(raw.encode(), SECRET)


@pytest.mark.parametrize("raw", [b"vnp_A=1&vnp_A=1", b"vnp_A=1&vnp%5FA=2", b"vnp_A=%FF"])
def test_a_repeated_name_or_broken_text_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedQuery):
        query_is_signed(raw, SECRET)


def test_a_missing_hash_is_no_signature() -> None:
    assert not query_is_signed(B.encode(), SECRET)
    assert not query_is_signed(f"{B}&{HASH_FIELD}=".encode(), SECRET)


@given(
    st.dictionaries(st.from_regex(r"vnp_[A-Z][a-z]{1,8}", fullmatch=True), st.text(), min_size=1)
)
def test_whatever_is_signed_verifies_and_reads_back(params: dict[str, str]) -> None:
    raw = sign_query(params, SECRET).encode()
    assert query_is_signed(raw, SECRET)
    read = {name: text for name, text in read_query(raw).items() if name != HASH_FIELD}
    assert read == {name: text for name, text in params.items() if text}


@pytest.mark.parametrize("at", range(0, len(B), 7))
def test_one_changed_byte_breaks_the_signature(at: int) -> None:
    byte = "x" if B[at] != "x" else "y"
    changed = B[:at] + byte + B[at + 1 :]
    raw = f"{changed}&{HASH_FIELD}={QUERIES['B'][2]}".encode()
    assert not query_is_signed(raw, SECRET), quote(changed)
