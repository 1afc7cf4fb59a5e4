"""The signed text of a slip: what goes in comes out, and nothing altered ever passes."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logistics.slip_token import (
    BadToken,
    SigningKey,
    SlipClaims,
    VerifyingKey,
    looks_like_token,
    sign,
    verify,
)

KEY = SigningKey.from_seed("k1", bytes(range(32)))
NEXT_KEY = SigningKey.from_seed("k2", bytes(range(1, 33)))
KEYS = {"k1": KEY.verifying}
CLAIMS = SlipClaims(
    reference="SLP-7K3M2-Q2XA9",
    plate="云G12345",
    gate="KT2",
    direction="export",
    starts_at=datetime(2026, 11, 23, 7, tzinfo=UTC),
    ends_at=datetime(2026, 11, 23, 8, tzinfo=UTC),
    valid_until=datetime(2026, 11, 23, 10, tzinfo=UTC),
)
TOKEN = sign(CLAIMS, KEY)
ASCII = [chr(code) for code in range(128)]

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
minutes = st.integers(min_value=1, max_value=100_000)
instants = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001  (hypothesis adds the zone itself)
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(second=0, microsecond=0))


@st.composite
def any_claims(draw: st.DrawFn) -> SlipClaims:
    starts_at = draw(instants)
    ends_at = starts_at + timedelta(minutes=draw(minutes))
    return SlipClaims(
        *(draw(texts) for _ in range(4)),
        starts_at,
        ends_at,
        ends_at + timedelta(minutes=draw(minutes)),
    )


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def reason_of(token: str, keys: dict[str, VerifyingKey] = KEYS) -> str:
    with pytest.raises(BadToken) as refused:
        verify(token, keys)
    return refused.value.reason


@given(any_claims())
def test_what_was_signed_is_what_is_read(claims: SlipClaims) -> None:
    token = sign(claims, KEY)

    assert token.isascii()
    assert verify(token, KEYS) == claims


def test_an_hour_given_in_another_zone_reads_back_as_the_same_instant() -> None:
    hanoi = timezone(timedelta(hours=7))
    local = replace(CLAIMS, starts_at=CLAIMS.starts_at.astimezone(hanoi))

    assert sign(local, KEY) == TOKEN
    assert verify(TOKEN, KEYS).starts_at.utcoffset() == timedelta(0)


def test_a_token_is_short_enough_for_a_coarse_qr_code() -> None:
    assert len(TOKEN) < 220


def test_no_single_character_can_be_changed() -> None:
    for place, original in enumerate(TOKEN):
        for other in ASCII:
            if other != original:
                reason_of(TOKEN[:place] + other + TOKEN[place + 1 :])


def test_no_character_can_be_dropped_doubled_or_added() -> None:
    for place, original in enumerate(TOKEN):
        reason_of(TOKEN[:place] + TOKEN[place + 1 :])
        reason_of(TOKEN[:place] + original + TOKEN[place:])
    for extra in ("=", " ", "\n", ".", "A"):
        reason_of(TOKEN + extra)
        reason_of(extra + TOKEN)


@given(any_claims(), st.data())
@settings(max_examples=200)
def test_no_character_of_any_token_can_be_changed(claims: SlipClaims, data: st.DataObject) -> None:
    token = sign(claims, KEY)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[place]))

    reason_of(token[:place] + other + token[place + 1 :])


@given(st.text(max_size=300))
def test_no_other_text_is_taken_for_a_token(text: str) -> None:
    reason_of(text)
    reason_of("LC1." + text)


def test_claims_cannot_be_moved_under_another_signature() -> None:
    other = sign(replace(CLAIMS, plate="24C99999"), KEY)
    mark, _, signature = TOKEN.split(".")

    assert reason_of(f"{mark}.{other.split('.')[1]}.{signature}") == "bad_signature"


def test_a_signature_by_another_key_of_the_same_name_fails() -> None:
    impostor = SigningKey.from_seed("k1", b"\x07" * 32)

    assert reason_of(sign(CLAIMS, impostor)) == "bad_signature"


def test_an_old_and_a_new_key_are_valid_together_until_the_old_one_is_withdrawn() -> None:
    both = {"k1": KEY.verifying, "k2": NEXT_KEY.verifying}
    fresh = sign(CLAIMS, NEXT_KEY)

    assert verify(TOKEN, both) == verify(fresh, both) == CLAIMS
    assert reason_of(TOKEN, {"k2": NEXT_KEY.verifying}) == "unknown_key"


def test_a_scanner_needs_only_the_raw_public_key() -> None:
    handed_out = VerifyingKey.from_raw("k1", KEY.verifying.raw)

    assert len(KEY.verifying.raw) == 32
    assert verify(TOKEN, {"k1": handed_out}) == CLAIMS


def test_genuine_claims_that_make_no_sense_are_told_apart_from_a_forgery() -> None:
    ends_before_it_starts = b'["k1","SLP-1","24C1","KT2","export",9,5,5]'
    signed = "LC1." + base64url(ends_before_it_starts)

    token = f"{signed}.{base64url(KEY.private.sign(signed.encode()))}"

    assert reason_of(token) == "unreadable_claims"


def test_a_spoilt_token_is_still_known_for_a_token() -> None:
    assert looks_like_token(TOKEN)
    assert looks_like_token(TOKEN[:-1])
    assert not looks_like_token("SLP-7K3M2-Q2XA9")
    assert not looks_like_token("307212345678")
    assert not looks_like_token("")


@pytest.mark.parametrize(
    "change",
    [
        {"reference": ""},
        {"plate": ""},
        {"ends_at": CLAIMS.starts_at},
        {"valid_until": CLAIMS.starts_at},
        {"starts_at": CLAIMS.starts_at + timedelta(seconds=1)},
        {"valid_until": CLAIMS.valid_until + timedelta(microseconds=1)},
    ],
)
def test_claims_that_could_not_be_printed_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="slip"):
        replace(CLAIMS, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("key_id", ["", "k.1", "ninechars", "khoá"])
def test_a_key_id_is_short_and_plain(key_id: str) -> None:
    with pytest.raises(ValueError, match="key id"):
        SigningKey.from_seed(key_id, bytes(32))
