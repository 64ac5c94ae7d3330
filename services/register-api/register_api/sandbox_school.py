"""The school of a sandbox: invented, and the same each time but for its calendar, which lies around its day."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from codes.calendar import academic_year, academic_year_bounds, calendar_from_body, school_days
from register_api.admission import PupilItem
from register_api.calendars import PutCalendar
from register_api.schools import PutSchool

Phase = Literal["primary", "secondary"]

AGES: Mapping[Phase, tuple[int, int]] = {"primary": (4, 11), "secondary": (11, 16)}
CLASSES: Mapping[Phase, tuple[tuple[str, str], ...]] = {
    "primary": (("1", "1A"), ("4", "4B"), ("6", "6C")),
    "secondary": (("7", "7A"), ("9", "9B"), ("11", "11C")),
}
"""Year group and class; ten pupils each."""
POLICY: Mapping[str, Any] = {
    "registers": [
        {"session": "AM", "opens": "08:45", "closes": "09:15", "ends": "12:00"},
        {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15"},
    ],
    "target": 96,
}
OPENS = time(8, 45)
"""When the register of the morning opens."""

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)

# Surnames of two halves are nobody's.
_NAMES = (
    *("Ada Alderbeck", "Bilal Brackenford", "Cerys Cobblecroft", "Dev Dapplemere", "Effie Elderwick"),
    *("Finlay Fennelshaw", "Greta Gorsefield", "Hugo Hazelgarth", "Imani Ivorylea", "Jakub Juniperdell"),
    *("Kasia Kestrelhurst", "Luca Larchcombe", "Mabel Mallowstead", "Ned Nettlethorpe", "Orla Osierbank"),
    *("Piotr Pebbleworth", "Priya Quillbright", "Rohan Rowanmarsh", "Saffron Sorrelridge", "Tariq Thistlewood"),
    *("Una Umberbeck", "Viktor Velvetford", "Wren Willowcroft", "Yusuf Yarrowmere", "Zofia Alderwick"),
    *("Idris Brackenshaw", "Hana Cobblefield", "Kwame Dapplegarth", "Leila Elderlea", "Stefan Fenneldell"),
)


def school(phase: Phase, urn: str) -> PutSchool:
    """Give the school, of no authority and no trust."""
    return PutSchool(name=f"Sandbox {phase} {urn}", phase=phase, age_range=list(AGES[phase]), policy=dict(POLICY))


def calendar(today: date) -> PutCalendar:
    """Give a calendar of the academic year of `today` in which today is in a term, and in no half-term.

    So a weekday is a school day whenever a sandbox is begun, unless it is a bank holiday.
    """
    first, last = academic_year_bounds(academic_year(today))
    after = first.year + 1
    starts = [min(date(first.year, 9, 1), max(first, today - _WEEK)), date(after, 1, 4), date(after, 4, 12)]
    ends = [date(first.year, 12, 18), date(after, 3, 26), date(after, 7, 21)]
    at = sum(day <= today for day in starts) - 1
    ends[at] = max(ends[at], min(last, today + _WEEK))
    if at + 1 < len(starts):
        starts[at + 1] = max(starts[at + 1], ends[at] + _DAY)
    mondays = (_monday(date(first.year, 10, 24)), _monday(date(after, 2, 14)), _monday(date(after, 5, 25)))
    holidays = [
        {"from": monday.isoformat(), "to": (monday + timedelta(days=4)).isoformat(), "name": "half-term"}
        for monday in mondays
        if not monday <= today <= monday + timedelta(days=4)
    ]
    terms = [
        {"name": name, "starts": begins.isoformat(), "ends": over.isoformat()}
        for name, begins, over in zip(("autumn", "spring", "summer"), starts, ends, strict=True)
    ]
    return PutCalendar.model_validate({"terms": terms, "holidays": holidays})


def said(body: PutCalendar) -> dict[str, Any]:
    """Give what a calendar says of the school, as it is kept."""
    return body.model_dump(mode="json", by_alias=True, include={"terms", "holidays", "inset_days"})


def _monday(on_or_after: date) -> date:
    return on_or_after + timedelta(days=-on_or_after.weekday() % 7)


def pupils(phase: Phase, body: PutCalendar) -> list[PupilItem]:
    """Give thirty pupils in three classes, on roll from the first day of the first term."""
    starting_day = date.fromisoformat(body.terms[0].starts)
    return [_pupil(number, CLASSES[phase][number // 10], starting_day) for number in range(len(_NAMES))]


def _pupil(number: int, placed: tuple[str, str], starting_day: date) -> PupilItem:
    year_group, class_ = placed
    forename, surname = _NAMES[number].split()
    # Who is in Year 4 has the ninth birthday in the course of it.
    eldest = date(int(academic_year(starting_day)[:4]) - int(year_group) - 5, 9, 1)
    facts = {"fsm": number % 4 == 0, "sen": "K" if number % 7 == 0 else "E" if number == 9 else "N"}
    entry = {
        "id": f"p-{number + 1:02}",
        "forename": forename,
        "surname": surname,
        "date_of_birth": (eldest + timedelta(days=35 * (number % 10))).isoformat(),
        "sex": "FM"[number % 2],
        "year_group": year_group,
        "class": class_,
        "starting_day": starting_day.isoformat(),
        "facts": facts,
    }
    return PupilItem.model_validate(entry)


def last_begun(body: PutCalendar, now: datetime) -> date:
    """Give the last school day whose register has opened; before the first of the year that first."""
    days = school_days(calendar_from_body(said(body)))
    begun = [day for day in days if (day, OPENS) <= (now.date(), now.time())]
    return begun[-1] if begun else days[0]
