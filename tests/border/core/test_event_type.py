"""What an event says is held against its declaration the moment it is recorded."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field, ValidationError

from border.core.event_type import Besides, EventType, Key, declare, declared, events_of, known
from border.core.lifecycle import Lifecycle, Move, State
from border.core.payload import Meaning, Nothing, Payload
from border.platform.payload_fields import Instant

Weight = Annotated[int, Field(ge=0), Meaning("Weight of a parcel.", older="mass")]
KILN = Lifecycle(
    "kiln",
    "A kiln.",
    noun="Kiln",
    states=(State("cold", "is cold", "carrier", timedelta(days=1)), State("hot", "is hot")),
    initial=("cold",),
    moves=(Move("fire", ("cold",), "hot", ("carrier", "officer"), "Fire"),),
)


class Parcel(Payload):
    """What an event of a parcel says."""

    columns: ClassVar = {"parcel_weight": "weight"}

    parcel_weight: Weight | None
    sent_at: Annotated[Instant, Meaning("When a parcel was sent.")]
    fragile: Annotated[bool, Meaning("Whether a parcel breaks.")] | None = None
    sender: Annotated[str, Meaning("Who sent a parcel.", private=True)] | None = None


class ParcelRow:
    """A record of a parcel."""

    def __init__(self, weight: int | None = 7) -> None:
        self.reference, self.weight, self.fragile, self.booking = "PRC-1", weight, True, "BKG-1"


AT = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
(SENT,) = declare(EventType("parcel.send", "Send", ("carrier",), Parcel))


def test_what_is_not_given_is_read_from_the_record_and_split_by_who_may_know_it() -> None:
    public, private = SENT.split({"sent_at": AT, "sender": "Somebody"}, ParcelRow())
    assert public == {"parcel_weight": 7, "sent_at": "2026-11-23T05:00:00+00:00"}
    assert private == {"sender": "Somebody"}


def test_what_may_be_left_out_is_said_only_when_it_is_given() -> None:
    """The record's column of that name may be left from an earlier move."""
    public, private = SENT.split({"sent_at": AT, "sender": None}, ParcelRow())
    assert ("fragile" in public, private) == (False, {})
    assert SENT.split({"sent_at": AT, "fragile": False}, ParcelRow())[0]["fragile"] is False


def test_a_required_field_that_is_known_to_be_nothing_is_said_as_nothing() -> None:
    assert SENT.split({"sent_at": AT}, ParcelRow(None))[0]["parcel_weight"] is None


@pytest.mark.parametrize(
    ("given", "record"),
    [
        ({}, ParcelRow()),
        ({"sent_at": AT}, None),
        ({"sent_at": AT, "plate": "24C-123.45"}, ParcelRow()),
        ({"sent_at": "yesterday"}, ParcelRow()),
        ({"sent_at": AT, "parcel_weight": -1}, None),
    ],
    ids=["nothing", "no record", "unknown", "no instant", "too small"],
)
def test_what_is_missing_unknown_or_of_a_wrong_type_is_a_bug_at_once(
    given: dict[str, Any], record: Any
) -> None:
    with pytest.raises(ValidationError):
        SENT.split(given, record)


def test_a_name_has_one_meaning() -> None:
    with pytest.raises(TypeError, match="fragile would have two meanings"):

        class Letter(Payload):
            fragile: Annotated[bool, Meaning("Whether a letter may be bent.")]

    with pytest.raises(TypeError, match=r"Card\.stamp does not say what it means"):

        class Card(Payload):
            stamp: str


def test_a_field_leaves_under_its_older_name_too_and_is_read_back_from_it() -> None:
    public, _ = SENT.split({"sent_at": AT}, ParcelRow())
    assert Parcel.with_older(public) == public | {"mass": 7}
    stored_before = {"mass": 7, "sent_at": public["sent_at"], "state": "sent"}
    assert Parcel.renewed(stored_before) == public | {"state": "sent"}
    assert Parcel.renewed(public) == public


def test_the_schema_names_what_is_always_said_and_nothing_private() -> None:
    schema = SENT.schema()
    assert schema["required"] == ["version", "parcel_weight", "mass", "sent_at"]
    assert set(schema["properties"]) == {*schema["required"], "fragile"}
    assert schema["properties"]["mass"]["deprecated"] is True
    assert schema["properties"]["parcel_weight"]["description"] == "Weight of a parcel."
    assert schema["properties"]["sent_at"]["format"] == "date-time"
    assert schema["additionalProperties"] is False


def test_a_type_is_declared_once_and_an_unknown_one_is_a_bug() -> None:
    assert declare(SENT) == (SENT,)
    assert declared("parcel.send") is SENT is known("parcel.send")
    with pytest.raises(ValueError, match=r"parcel\.send is declared twice"):
        declare(EventType("parcel.send", "Send", ("carrier",), Nothing))
    with pytest.raises(LookupError, match=r"parcel\.eat is declared nowhere"):
        declared("parcel.eat")
    assert known("parcel.eat") is None


def test_the_key_is_a_column_of_the_record_or_must_be_given() -> None:
    under = EventType("parcel.x", "X", (), Parcel, Key("the booking", "booking"))
    assert under.key_of(ParcelRow(), None, "PRC-1") == "BKG-1"
    with pytest.raises(ValueError, match="ordered under the booking, BKG-1, not BKG-2"):
        under.key_of(ParcelRow(), "BKG-2", "PRC-1")
    given = EventType("parcel.y", "Y", (), Parcel, Key("the gate"))
    assert given.key_of(ParcelRow(), "KIM_THANH_II", "PRC-1") == "KIM_THANH_II"
    with pytest.raises(ValueError, match="give it"):
        given.key_of(ParcelRow(), None, "PRC-1")


def test_a_record_with_a_life_says_a_state_of_it() -> None:
    fired = EventType("kiln.fire", "Fire", (), states=("cold", "hot"))
    assert fired.split({"state": "hot"}, None) == ({"state": "hot"}, {})
    with pytest.raises(ValueError, match=r"kiln\.fire would say the state broken"):
        fired.split({"state": "broken"}, None)
    assert fired.schema()["properties"]["state"]["enum"] == ["cold", "hot"]


def test_a_life_declares_its_beginning_and_an_event_for_each_of_its_moves() -> None:
    types = events_of(KILN, Parcel, besides=(Besides("build", "Build", ("carrier",), Nothing),))
    assert [(one.name, one.label, one.by, one.payload) for one in types] == [
        ("kiln.build", "Build", ("carrier",), Nothing),
        ("kiln.fire", "Fire", ("carrier", "officer"), Parcel),
    ]
    assert {one.states for one in types} == {("cold", "hot")}
    with pytest.raises(ValueError, match="kiln has no event paint"):
        events_of(KILN, paint=Parcel)


def test_the_version_is_part_of_the_name_outside() -> None:
    second = EventType("parcel.z", "Z", (), Parcel, version=2)
    assert second.outside == "vn.laocai.border.parcel.z.v2"
