"""What happened, in a reader's words: nothing said twice, nothing in the words of programs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api.language import translator
from api.pages.kit.timeline import timeline
from border.core.event import Event

AT = datetime(2026, 11, 23, 5, tzinfo=UTC)


def event(type: str, payload: dict[str, Any], **private: Any) -> Event:
    """Return something that happened."""
    made = {"actor": "program", "actor_kind": "program", "request_id": "1"}
    told = {"payload": payload, "private": private, "happened_at": AT, "recorded_at": AT}
    return Event(
        type=type, gate="KIM_THANH_II", subject="SLP-1", key="SLP-1", version=1, **made, **told
    )


def test_a_code_that_two_checks_say_is_said_once() -> None:
    (entry,) = timeline([event("scan.refuse", {"codes": ["TOO_EARLY", "TOO_EARLY", "HOLD"]})], "en")
    assert entry.says.lower().count("too early") == 1
    assert "," in entry.says


def test_a_change_that_leaves_the_state_is_told_by_what_it_was() -> None:
    told = timeline([event("booking.move", {"state": "confirmed"})], "en")
    assert [entry.says for entry in told] == ["Booking: Move to another hour"]


@pytest.mark.parametrize("locale", ["vi", "zh"])
def test_a_reason_of_the_program_is_translated_and_a_person_s_stays(locale: str) -> None:
    says = "Cancelled in time and not used."
    given = [
        event("refund.request", {"state": "requested"}, reason=reason)
        for reason in (says, "Xe hỏng giữa đường")
    ]
    own, person = timeline(given, locale)
    assert own.note == translator(locale).gettext(says) != says
    assert person.note == "Xe hỏng giữa đường"


def test_the_class_of_a_vehicle_needs_no_further_word_in_chinese() -> None:
    says = "Rate for {regime_group} on a vehicle of class {vehicle_class}, one trip ({legal_basis})"
    facts = {"regime_group": "出口", "vehicle_class": "18吨及以上", "legal_basis": "45"}
    assert "18吨及以上车辆，" in translator("zh").gettext(says, **facts)
