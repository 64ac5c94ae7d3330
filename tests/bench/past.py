"""A school year as another system kept it: the lines of its history, and the same entries as rows of a table."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.bench.world import CLASS_OF, ClassRegister, open_days

OFFICE = {"name": "B. Office", "position": "Attendance officer"}
REASON = "Parent telephoned at 09:40: sickness"


def lines(classes: int, most: int | None = None) -> Iterator[dict[str, Any]]:
    """Give the year day by day, at most so many lines: every register, and after each N, which one in 150 is, its I."""
    count = 0
    for on in open_days():
        for session in ("AM", "PM"):
            for klass in range(classes):
                body = ClassRegister(0, klass, on, session).body()
                for mark in body["marks"]:
                    said = {"date": str(on), "session": session, "made_at": body["made_at"]}
                    entry = {"kind": "mark", **mark, **said, "made_by": body["made_by"]}
                    told = [entry]
                    if mark["code"] == "N":
                        amended = {"original_entry": "N", "amended_entry": "I", "reason": REASON}
                        made = {"made_at": f"{on}T15:30:00Z", "made_by": OFFICE}
                        told.append({"kind": "amendment", "pupil": mark["pupil"], **said, **amended, **made})
                    for line in told:
                        if count == most:
                            return
                        count += 1
                        yield line


def ndjson(classes: int, most: int | None = None) -> list[bytes]:
    """Give the same as it is sent, a line each."""
    return [json.dumps(line).encode() + b"\n" for line in lines(classes, most)]


def rows(school: int, classes: int, most: int | None = None) -> bytes:
    """Give the same as the text form of COPY has it, in the order of `COLUMNS`."""
    found = []
    for seq, line in enumerate(lines(classes, most), 1):
        number = int(line["pupil"].removeprefix("p-"))
        amends = line["kind"] == "amendment"
        code, original = (line["amended_entry"], "N") if amends else (line["code"], r"\N")
        cells = (
            *(seq, line["made_at"], datetime.now().astimezone().isoformat(), school, line["date"], number),
            *((number - 1) // CLASS_OF + 1, 1, 2 if amends else 1, line["session"], original),
            *(code.replace("\\", r"\\"), "history", line.get("arrived_at", r"\N")),
        )
        found.append("\t".join(map(str, cells)))
    return ("\n".join(found) + "\n").encode()


COLUMNS = (
    *("seq", "made_at", "recorded_at", "school_id", "session_date", "pupil_no", "staff_no", "client_no", "version"),
    *("session", "original_code", "code", "source", "arrived_at"),
)
