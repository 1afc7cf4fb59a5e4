"""Fields of payloads that several kinds of events say; what one kind says stands beside it."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, PlainSerializer

from border import vocabulary
from border.core.payload import Meaning

Instant: TypeAlias = Annotated[datetime, PlainSerializer(datetime.isoformat, when_used="json")]
"""An instant, written as RFC 3339 in UTC."""
Count: TypeAlias = Annotated[int, Field(ge=0)]

AmountMinor: TypeAlias = Annotated[Count, Meaning("Amount in the currency's smallest unit.")]
Currency: TypeAlias = Annotated[str, Meaning("ISO 4217 code.")]
Direction: TypeAlias = Annotated[
    vocabulary.Direction | Literal["unknown"], Meaning("Which way the goods go, where known.")
]
GatewayName: TypeAlias = Annotated[str, Meaning("Way the money takes: a gateway's name or `desk`.")]
GivenNote: TypeAlias = Annotated[str, Meaning("What somebody noted.", private=True)]
GivenReason: TypeAlias = Annotated[str, Meaning("Why, as somebody wrote it.", private=True)]
FirstDay: TypeAlias = Annotated[date, Meaning("First day on which it holds.")]
RulesCode: TypeAlias = Annotated[str, Meaning("Code of the resolution or of the rules.")]
