"""The kinds of value that bodies and parameters are made of, strict where JSON would be lax."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import SkipJsonSchema


class Body(BaseModel):
    """An object of the API: unknown members are refused, none changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _instant(value: Any) -> Any:
    if not isinstance(value, str) or "T" not in value:
        raise ValueError("an instant is written like 2026-09-07T08:59:10+01:00")
    return value


def _date(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("a date is written like 2026-09-07")
    return value


def _time(value: Any) -> time:
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError("a time of day is written like 08:58")
    return time(int(value[:2]), int(value[3:]))


_Dated = TypeVar("_Dated", bound=date)


def _within_reason(when: _Dated) -> _Dated:
    if not 1900 <= when.year <= 2200:
        raise ValueError("a date lies between 1900 and 2200")
    return when


def _without_null(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text holds no null byte")
    return text


Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_within_reason)]
"""An instant with any offset."""
Day = Annotated[date, BeforeValidator(_date), AfterValidator(_within_reason)]
"""A local date, `YYYY-MM-DD`."""
TimeOfDay = Annotated[
    time,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d$", "examples": ["08:58"]}),
]
"""A local time of day to the minute, `HH:MM`."""
Words = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200), AfterValidator(_without_null)]
"""A short text that says something."""
Text = Annotated[str, StringConstraints(strict=True, max_length=2_000), AfterValidator(_without_null)]
"""A free text."""

# What answers say: nothing is validated on its way out, so these only describe.
Utc = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$",
            "examples": ["2026-09-07T07:59:10.000000Z"],
        }
    ),
]
"""An instant as `written` gives it."""
Date = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-09-07"]})]
"""A local date, `YYYY-MM-DD`."""
Clock = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d$", "examples": ["08:58"]})]
"""A local time of day to the minute, `HH:MM`."""
Absent = SkipJsonSchema[None]
"""Beside the type of a member that is left out where it has nothing to say, and never null: `int | Absent = None`."""


def written(instant: datetime) -> str:
    """Write an instant as every answer has it: UTC, six decimals, `Z`."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
