"""What every request body is: nothing unknown in it, no blanks around, text that can be kept.

Shapes only; whether what was sent can be right is asked by the rules of its package.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

KEEPABLE = r"^[^\x00]*$"
"""PostgreSQL keeps no NUL character, in text or in JSON."""

Kept = Annotated[str, StringConstraints(pattern=KEEPABLE)]
"""Text that can be kept."""
TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d$"
TimeOfDay = Annotated[str, StringConstraints(pattern=TIME_OF_DAY)]
"""A time of day on the gate's clock, such as 07:30."""


def _whole(given: Any) -> Any:
    """Return `18000000.0` as the whole number it is; anything else as it came."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Integer = Annotated[int, Field(strict=True), BeforeValidator(_whole)]
"""A whole number, as JSON Schema has it: `5.0` is one; `5.5`, `"5"` and `true` are none."""


class RequestBody(BaseModel):
    """A request, or a part of one: unknown fields are refused, outer spaces dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)
