"""Entries written straight to the book, as a request writes them."""

from datetime import UTC, date, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from kit import database as kit_database
from ledger import append
from ledger.append import NewMark, Recorded
from ledger.writers import Person, writers

NOON = datetime(2026, 9, 7, 12, 0, tzinfo=UTC)
DAY = date(2026, 9, 7)
TEACHER = Person("A. Teacher", "Class teacher")


def mark(pupil_no: int, code: str = "/", version: int = 1, **other: object) -> NewMark:
    """Describe an entry for the morning of 7 September 2026."""
    facts: dict[str, object] = {
        "pupil_no": pupil_no,
        "date": DAY,
        "session": "AM",
        "version": version,
        "original_code": None if version == 1 else "N",
        "code": code,
        "arrived_at": None,
        "made_at": NOON,
        "made_by": TEACHER,
    }
    return NewMark(**{**facts, **other})  # type: ignore[arg-type]


async def write(
    engine: AsyncEngine, school: int, *marks: NewMark, now: datetime = NOON, client: str = "a-mis"
) -> list[Recorded]:
    """Append entries in one transaction, as a request does."""
    async with kit_database.writing(engine, school) as connection:
        head = await append.lock(connection, school)
        who = await writers(
            connection, head.school_id, client, {each.made_by for each in marks}, {each.date for each in marks}
        )
        return await append.append_marks(connection, head, who, marks, now)
