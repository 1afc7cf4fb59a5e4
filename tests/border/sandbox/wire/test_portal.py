"""The portal's hashes against the vectors computed from its rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.sandbox.wire.portal import (
    CONFIRM,
    GET_BILL,
    HASH_FIELD,
    INIT,
    has_joint,
    hash_of,
    is_signed,
)

KEY = "DVC-TEST-KEY"
VECTORS = {
    "INIT": (
        INIT,
        "INIT|1.0.6|GATE|LC2026000123A1|2000000|PAY|1|1|vi-VN|VND|PAYMENT"
        "|Phi ha tang cua khau LC-2026-000123|20261122093000|203.0.113.7",
        "6f586006a2aa415fac72d721ee0a51a2c774d2d8f9ef1db276212c243592c163",
    ),
    "CONFIRM": (
        CONFIRM,
        "CONFIRM|00|GATE|LC2026000123A1|2000000|VND|DVC2611220001|NCB|20261122093212"
        "|Phi ha tang cua khau LC-2026-000123",
        "d4d4eb677746f695f2228f075efc7de62f877d9d8962696436dff9983de323a6",
    ),
    "GET_BILL": (
        GET_BILL,
        "GET_BILL|1.0.6|GATE|LC2026000123A1|20261122093000",
        "bc82c4808e67749fc9b6975cbc7930abca5d6aa5834885f82725393229f2a079",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_message_is_hashed_as_the_vector_says(name: str) -> None:
    order, joined, expected = VECTORS[name]
    message = dict(zip(order, joined.split("|"), strict=True))
    assert hash_of(order, message, KEY) == expected
    assert is_signed(order, message | {HASH_FIELD: expected}, KEY)
    assert is_signed(order, message | {HASH_FIELD: expected.upper()}, KEY)
    assert not is_signed(order, message | {HASH_FIELD: expected}, KEY + "x")
    assert not is_signed(order, message, KEY)


@pytest.mark.parametrize("name", VECTORS)
def test_every_field_of_the_order_is_covered_and_no_other(name: str) -> None:
    order, joined, expected = VECTORS[name]
    message = dict(zip(order, joined.split("|"), strict=True))
    for field in order:
        assert hash_of(order, message | {field: "changed"}, KEY) != expected
    assert hash_of(order, message | {"UrlTraVe": "http://x/"}, KEY) == expected


def test_two_messages_with_a_joint_inside_can_hash_alike_and_are_told() -> None:
    one = {"LoaiBanTin": "GET_BILL", "PhienBan": "1|0"}
    other = {"LoaiBanTin": "GET_BILL|1", "PhienBan": "0"}
    assert hash_of(GET_BILL, one, KEY) == hash_of(GET_BILL, other, KEY)
    assert has_joint(GET_BILL, one)
    assert has_joint(GET_BILL, other)


@given(st.dictionaries(st.sampled_from(INIT), st.text(), min_size=1))
def test_whatever_is_hashed_verifies(message: dict[str, str]) -> None:
    assert is_signed(INIT, message | {HASH_FIELD: hash_of(INIT, message, KEY)}, KEY)
