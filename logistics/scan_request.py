"""What a device sends of a scan, and what the code it read turns out to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from border.core.ids import WrongReference, code_as_printed, parse_reference
from border.core.refusal import INVALID, FieldError
from border.core.request_body import KEEPABLE, Integer, RequestBody
from border.core.tables import GateRow
from border.core.words import N_
from logistics.gate_check import MISREAD, SAID, TORN, ScanCode, ScanKind
from logistics.slip_service import SlipKeys
from logistics.slip_token import BadToken, claimed_reference, looks_like_token, verify
from logistics.tables import SlipRow

_FIRST_CLOCK = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a clock that has lost its time begins to count; before it no device's clock stands."""


class ScanRequest(RequestBody):
    """What a device saw: the code read, where, when by its own clock, and its own scan number.

    Of a device that was offline also what it `decided` at the barrier, its own count of decisions
    and its signature over them.
    """

    code: str = Field(min_length=1, max_length=1024, pattern=KEEPABLE)
    gate: str = Field(max_length=24, pattern=KEEPABLE)
    lane: str = Field(max_length=16, pattern=KEEPABLE)
    kind: ScanKind
    scanned_at: AwareDatetime
    device: str = Field(min_length=1, max_length=64, pattern=KEEPABLE)
    scan_id: str = Field(min_length=1, max_length=64, pattern=KEEPABLE)
    plate_seen: str | None = Field(default=None, max_length=20, pattern=KEEPABLE)
    offline: bool = False
    decided: Literal["admitted", "refused"] | None = None
    number: Integer | None = Field(default=None, ge=0, lt=2**53)
    signature: str | None = Field(default=None, max_length=512, pattern=KEEPABLE)


@dataclass(frozen=True)
class CodeMeaning:
    """What a code turned out to be: a slip's reference, or the code of a refusal."""

    reference: str | None
    code: ScanCode = ScanCode.OK
    says: str = ""


def read_code(text: str, keys: SlipKeys) -> CodeMeaning:
    """Return the slip a scanned or typed code names; a signed token is verified.

    Only a whole token that we did not sign is a bad signature; a torn one is unknown.
    """
    code = code_as_printed(text)
    if looks_like_token(code):
        try:
            return CodeMeaning(verify(code, keys.verifying).reference)
        except BadToken as bad:
            if bad.reason == "not_a_token":
                return CodeMeaning(None, ScanCode.UNKNOWN, TORN)
            return CodeMeaning(None, ScanCode.BAD_SIGNATURE, SAID[ScanCode.BAD_SIGNATURE].label)
    try:
        return CodeMeaning(parse_reference(text, SlipRow.prefix))
    except WrongReference as error:
        misread = "check character" in str(error)
        return CodeMeaning(
            None, ScanCode.UNKNOWN, MISREAD if misread else SAID[ScanCode.UNKNOWN].label
        )


def named_slip(text: str) -> str | None:
    """Return the reference of the slip that a code names, without proof that the code is ours."""
    code = code_as_printed(text)
    named = claimed_reference(code) if looks_like_token(code) else text
    try:
        return parse_reference(named or "", SlipRow.prefix)
    except WrongReference:
        return None


def refuse_impossible(scanned_at: datetime) -> None:
    """Refuse what is no instant of any clock. refuses: invalid_fields."""
    if scanned_at < _FIRST_CLOCK:
        says = N_("No clock stands there. Set the device's clock right and scan again.")
        raise INVALID(errors=[FieldError("scanned_at", "clock_behind", says)])
    try:
        scanned_at.astimezone(UTC)
    except OverflowError:
        says = N_("No clock stands there. Set the device's clock right and scan again.")
        raise INVALID(errors=[FieldError("scanned_at", "clock_ahead", says)]) from None


def refuse_unknown_gate(code: str, gates: Sequence[GateRow]) -> None:
    """Refuse a device set to a gate that does not exist. refuses: invalid_fields."""
    codes = [gate.code for gate in gates]
    if code not in codes:
        says = N_("There is no gate {given}. Choose one of: {gates}.")
        facts = (("given", code), ("gates", ", ".join(sorted(codes))))
        raise INVALID(errors=[FieldError("gate", "unknown_gate", says, facts)])
