"""An invented school, set up through the API as a MIS does it."""

from collections.abc import Mapping
from typing import Any

import httpx

POLICY: dict[str, Any] = {
    "registers": [
        {"session": "AM", "opens": "08:45", "closes": "09:15", "ends": "12:00"},
        {"session": "PM", "opens": "13:00", "closes": "13:30", "ends": "15:15"},
    ],
    "target": 96,
    "referral_below": 90,
}
CALENDAR: dict[str, Any] = {
    "terms": [
        {"name": "autumn", "starts": "2026-09-03", "ends": "2026-12-18"},
        {"name": "spring", "starts": "2027-01-04", "ends": "2027-03-25"},
        {"name": "summer", "starts": "2027-04-12", "ends": "2027-07-21"},
    ],
    "holidays": [{"from": "2026-10-26", "to": "2026-10-30", "name": "half-term"}],
    "inset_days": ["2026-09-03"],
}
TEACHER = {"name": "A. Teacher", "position": "Class teacher"}
OFFICE = {"name": "B. Office", "position": "Attendance officer"}


def pupil(**other: Any) -> dict[str, Any]:
    """Give an admission register entry of an invented pupil of Year 4."""
    entry: dict[str, Any] = {
        "upn": None,
        "forename": "Invented",
        "surname": "Pupil",
        "date_of_birth": "2018-02-11",
        "sex": "F",
        "year_group": "4",
        "class": "4B",
        "starting_day": "2026-09-03",
    }
    return {**entry, **other}


async def put(http: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> Any:
    """PUT a body and give the answer, which must be a success."""
    answer = await http.put(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def set_up(http: httpx.AsyncClient, urn: str, pupils: int = 3, la_code: str = "931", **other: Any) -> list[str]:
    """Set up a school with a calendar for 2026-27 and some pupils of class 4B; give the pupils' ids."""
    number = urn[-4:]
    school = {"name": f"Invented Primary {urn}", "phase": "primary", "age_range": [4, 11], "policy": POLICY}
    reach = {"la_code": la_code, "laestab": f"{la_code}{number}"}
    await put(http, f"/v1/schools/{urn}", {**school, **reach, **other})
    await put(http, f"/v1/schools/{urn}/calendar/2026-27", CALENDAR)
    ids = [f"p-{n:03}" for n in range(1, pupils + 1)]
    answer = await http.post(f"/v1/schools/{urn}/pupils", json={"pupils": [pupil(id=id_) for id_ in ids]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["entered"] == pupils, answer.text
    return ids


def marks(*codes: tuple[str, str], **other: Any) -> dict[str, Any]:
    """Give a body of marks: pairs of pupil and code."""
    return {"made_by": TEACHER, "marks": [{"pupil": id_, "code": code} for id_, code in codes], **other}


def amendment(id_: str, original: str, amended: str, **other: Any) -> dict[str, Any]:
    """Give a body of one amendment of the morning of 7 September 2026."""
    item: dict[str, Any] = {
        "pupil": id_,
        "date": "2026-09-07",
        "session": "AM",
        "original_entry": original,
        "amended_entry": amended,
        "reason": "Parent telephoned at 09:40: sickness",
    }
    return {"made_by": OFFICE, "amendments": [{**item, **other}]}
