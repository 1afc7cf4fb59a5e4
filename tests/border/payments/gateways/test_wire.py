"""What the gateways' wires share: plain text, local time, strict JSON, hashes compared."""

import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.payments.gateways import wire
from border.payments.gateways.wire import (
    LARGEST,
    address,
    as_read,
    as_sent,
    joined_by_bars,
    plain,
    read_object,
    same_hash,
)


def test_text_sent_keeps_to_the_characters_all_encoders_agree_on() -> None:
    assert plain("Đường «Kim Thành» <b>~*!'()</b>|50%") == "Duong Kim Thanh b /b 50"
    assert len(plain("ă" * 400)) == 255
    assert plain("通关费 LC-1") == "LC-1"


@given(st.text())
def test_no_bar_and_no_control_character_is_left_in_plain_text(text: str) -> None:
    left = plain(text)
    assert left.isascii()
    assert "|" not in left
    assert left == "" or left.isprintable()


def test_times_are_written_in_the_gates_own_hour_of_24() -> None:
    late = datetime(2026, 12, 31, 17, 0, 5, tzinfo=UTC)
    assert as_sent(late) == "20270101000005"
    assert as_read("20270101000005") == late
    assert as_sent(datetime(2026, 11, 22, 8, 30, tzinfo=UTC)) == "20261122153000"
    assert as_read("20261122153000") == datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "20261322000000", "2026112209300", "x" * 14, "٢" * 14])
def test_what_is_no_time_is_read_as_none(text: str) -> None:
    assert as_read(text) is None


@pytest.mark.parametrize(
    ("client_ip", "sent"),
    [("203.0.113.7", "203.0.113.7"), ("::1", "0000:" * 7 + "0001"), ("x|y", "127.0.0.1")],
)
def test_the_payers_address_is_one(client_ip: str, sent: str) -> None:
    assert address(client_ip) == sent


def test_values_stand_between_bars_and_absent_ones_are_empty() -> None:
    assert joined_by_bars({"a": "1", "c": "3"}, ["c", "b", "a"]) == "3||1"


def test_an_object_is_read_with_its_numbers_as_they_are() -> None:
    assert read_object(b'{"a": 1, "b": 2.50, "c": null, "d": [{"e": "\xc3\xad"}]}') == {
        "a": 1,
        "b": Decimal("2.50"),
        "c": None,
        "d": [{"e": "í"}],
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[1]",
        b'"text"',
        b"<html>",
        b'{"a": 1',
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999999999999999999999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"\xff\xfe{}",
        '{"a": 1}'.encode("utf-16"),
        b'\xef\xbb\xbf{"a": 1}',
        json.dumps({"a": "x" * LARGEST}).encode(),
    ],
    ids=lambda raw: raw[:24].decode("latin-1"),
)
def test_what_is_no_object_or_could_be_read_two_ways_is_none(raw: bytes) -> None:
    assert read_object(raw) is None


@given(st.binary(max_size=200))
def test_no_bytes_at_all_upset_the_reader(raw: bytes) -> None:
    assert read_object(raw) is None or raw.strip().startswith(b"{")


def test_a_hash_is_one_of_those_expected_in_whatever_case() -> None:
    assert same_hash(["ab", "cd"], "AB")
    assert same_hash(["ab", "cd"], "Cd")
    for other in ("", "a", "abc", "ef", "é", "\ud800", "abcd"):
        assert not same_hash(["ab", "cd"], other)
    assert not same_hash([], "ab")


def test_every_hash_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac_compare(one, other)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr(wire.hmac, "compare_digest", compare)
    assert same_hash(["ab", "cd"], "ab")
    assert compared == [(b"ab", b"ab"), (b"cd", b"ab")]
