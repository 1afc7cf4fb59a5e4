"""How the columns of somebody's CSV file say what a statement says; our own schema is one map.

Pure. A map is data, read from JSON: a gateway that changes its file needs no new program.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from border.core.money import MINOR_UNITS, share
from border.core.refusal import INVALID, FieldError
from border.core.request_body import Integer
from border.core.words import N_
from border.payments.reconciliation.statement import GATEWAY_TYPES, LineType

_Name = Annotated[str, Field(min_length=1, max_length=100)]


class Columns(BaseModel):
    """The heading of the column that says each thing; None where the file does not say it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    transaction_no: _Name = "transaction_no"
    type: _Name | None = "type"
    reference: _Name | None = "reference"
    amount: _Name = "amount"
    fee: _Name | None = "fee"
    currency: _Name | None = "currency"
    happened_at: _Name = "happened_at"
    memo: _Name | None = "memo"


class FeeTerms(BaseModel):
    """What a gateway may take for a payment: a part of it in basis points, and a fixed sum."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    basis_points: Integer = Field(default=0, ge=0, le=10_000)
    fixed_minor: Integer = Field(default=0, ge=0)

    def fee_of(self, amount_minor: int) -> int:
        """Return the fee for a payment, rounded half up to a whole minor unit."""
        return share(amount_minor, self.basis_points, 10_000) + self.fixed_minor


class ColumnMap(BaseModel):
    """How one sender's file is read; the delimiter and the encoding are found out if not said.

    `types` lists the sender's words for each type of line; with `only` every line is of that
    type. Amounts are written in units times `amount_factor`. With `signed`, money that goes out
    may be written negative. `fee_terms` is what was agreed; without it fees are not checked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gateway: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,16}$")] | None = None
    columns: Columns = Columns()
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    skip_lines: Integer = Field(default=0, ge=0, le=50)
    encoding: Literal["utf-8", "utf-16", "cp1258"] | None = None
    types: dict[LineType, tuple[_Name, ...]] = {one: (one.value,) for one in GATEWAY_TYPES}
    only: LineType | None = None
    currency: str = "VND"
    date_format: _Name | None = None
    zone: str = "Asia/Ho_Chi_Minh"
    decimal_mark: Literal[".", ","] = "."
    thousand_mark: Literal["", ".", ",", " ", "'"] = ""
    amount_factor: Literal[1, 10, 100, 1000] = 1
    signed: bool = False
    total_sign: _Name = "#total"
    needs_total: bool = False
    fee_terms: FeeTerms | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.decimal_mark == self.thousand_mark:
            raise ValueError("decimal_mark and thousand_mark must differ")
        if self.currency not in MINOR_UNITS:
            raise ValueError(f"currency must be one of {', '.join(MINOR_UNITS)}")
        try:
            ZoneInfo(self.zone)
        except (ValueError, ZoneInfoNotFoundError, OSError):
            raise ValueError("zone must be a name of the time zone database") from None
        if (self.columns.type is None) == (self.only is None):
            raise ValueError("give either columns.type or only")
        if not {*self.types, *filter(None, [self.only])} <= set(GATEWAY_TYPES):
            raise ValueError(f"types must be among {', '.join(GATEWAY_TYPES)}")
        words = [word.casefold() for words in self.types.values() for word in words]
        if len(set(words)) != len(words):
            raise ValueError("a word stands for two types")
        return self

    @property
    def timezone(self) -> ZoneInfo:
        """The zone of times that are written without an offset."""
        return ZoneInfo(self.zone)

    @property
    def headings(self) -> dict[str, str]:
        """The headings that must be there, by what they say."""
        return {name: heading for name, heading in self.columns.model_dump().items() if heading}

    def type_of(self, word: str) -> LineType | None:
        """Return the type that the sender calls `word`, letter case aside."""
        told = word.strip().casefold()
        return next(
            (one for one, words in self.types.items() if told in map(str.casefold, words)), None
        )


OUR_SCHEMA = ColumnMap()
"""transaction_no, type, reference, amount, fee, currency, happened_at, memo; ISO times, units."""


def column_map(given: str | bytes | Mapping[str, Any]) -> ColumnMap:
    """Return the map that a JSON text, or what was read from one, describes.

    refuses: invalid_fields.
    """
    try:
        if isinstance(given, str | bytes):
            return ColumnMap.model_validate_json(given)
        return ColumnMap.model_validate(given)
    except ValidationError as error:
        says = N_("The mapping is wrong here: {why}.")
        raise INVALID(
            errors=[
                FieldError(
                    ".".join(("map", *map(str, fault["loc"]))),
                    "bad_map",
                    says,
                    (("why", fault["msg"].removeprefix("Value error, ")),),
                )
                for fault in error.errors()
            ]
        ) from error
