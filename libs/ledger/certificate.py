"""The certificate that a head teacher signs: evidence of a pupil and year as a page to be printed.

A certificate giving particulars of the attendance of a child at a school, signed by the head teacher, is received in
evidence without further proof (Education Act 1996, section 566(1)(c) and (2)).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from ledger import note
from ledger.checking import Json

_LONDON = ZoneInfo("Europe/London")

_STYLE = """
body { font: 10.5pt/1.45 "Liberation Sans", Arial, sans-serif; color: #0b0c0c;
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 18pt; margin: 0 0 .2rem }
h2 { font-size: 12.5pt; margin: 1.6rem 0 .4rem; border-bottom: 1px solid #0b0c0c; break-after: avoid }
p { margin: .3rem 0 }
dl { display: grid; grid-template-columns: 12rem 1fr; margin: .4rem 0 }
dt { font-weight: bold }
dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: 9.5pt }
th, td { border: 1px solid #b1b4b6; padding: .15rem .4rem; text-align: left; vertical-align: top }
th { background: #f3f2f1 }
thead { display: table-header-group }
tr, .sign { break-inside: avoid }
.sign dl { row-gap: 1.8rem; margin-top: 1.8rem }
.sign dd { border-bottom: 1px solid #0b0c0c }
@page { size: A4; margin: 18mm }
@media print { body { margin: 0; max-width: none; padding: 0 } }
"""


def _day(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%a %-d %b %Y")


def _date(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%-d %b %Y")


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(_LONDON).strftime("%-d %b %Y, %H:%M")


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = "".join(f"<th scope=col>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape('' if value is None else str(value))}</td>" for value in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"


def _facts(pairs: Iterable[tuple[str, object]]) -> str:
    shown = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in pairs if value not in (None, "")
    )
    return f"<dl>{shown}</dl>"


def _meanings(document: Json) -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["meaning"], row["class"]) for row in document["codes"]}


def _register(document: Json) -> Iterator[Sequence[object]]:
    """Give a row a date: what stands for each session, with the first entry where that was another."""
    days: dict[str, dict[str, str]] = {}
    for entry in document["entries"]:
        amended = f" (first entry {entry['first_entry']})" if len(entry["versions"]) > 1 else ""
        days.setdefault(entry["date"], {})[entry["session"]] = entry["entry"] + amended
    for day, sessions in days.items():
        yield _day(day), sessions.get("AM", "no entry"), sessions.get("PM", "no entry")


def _amendments(document: Json) -> Iterator[Sequence[object]]:
    for entry in document["entries"]:
        for version in entry["versions"][1:]:
            made_by = version["made_by"]
            yield (
                f"{_day(entry['date'])} {entry['session']}",
                version["original_entry"],
                version["code"],
                "(removed by a recorded act)" if "reason" in version["removed"] else version["reason"],
                _moment(version["made_at"]),
                f"{made_by['name']}, {made_by['position']}",
            )


def _totals(document: Json) -> Iterator[Sequence[object]]:
    meanings = _meanings(document)
    for code, sessions in sorted(Counter(entry["entry"] for entry in document["entries"]).items()):
        meaning, kind = meanings[code]
        yield code, meaning, kind.replace("-", " "), sessions


def _person(document: Json) -> str:
    entry = (document["applied"]["identity"] or {}).get("body") or {}
    spans = []
    for enrolment in entry.get("enrolments", []):
        left = enrolment["leaving"]
        spans.append(f"from {_day(enrolment['starting_day'])}" + (f" to {_day(left['date'])}" if left else ""))
    return _facts(
        [
            ("Pupil", f"{entry.get('forename', '')} {entry.get('surname', '')}".strip() or document["pupil"]),
            ("Date of birth", _date(entry["date_of_birth"]) if "date_of_birth" in entry else None),
            ("Unique pupil number", entry.get("upn")),
            ("On the school's roll", "; ".join(spans)),
            ("Year group and class", ", ".join(filter(None, (entry.get("year_group"), entry.get("class"))))),
            ("School", f"{document['school']} (URN {document['urn']})"),
            ("School year", document["academic_year"]),
        ]
    )


def _times(document: Json) -> Iterator[Sequence[object]]:
    for policy in document["applied"]["policies"]:
        body = policy["body"]
        for register in body["policy"]["registers"]:
            groups = ", ".join(register.get("year_groups") or ["all"])
            times = (register["session"], register["opens"], register["closes"], register["ends"], groups)
            yield (_since(body["effective_from"]), *times)


def _since(text: str) -> str:
    # The date from which the first that is said of a school holds: there was nothing to hold before it.
    return "the beginning" if text == "1900-01-01" else _date(text)


def _calendar(document: Json) -> Iterator[Sequence[object]]:
    body = (document["applied"]["calendar"] or {}).get("body") or {}
    for term in body.get("terms", []):
        yield f"{term['name']} term", _date(term["starts"]), _date(term["ends"])
    for holiday in body.get("holidays", []):
        yield holiday.get("name") or "holiday", _date(holiday["from"]), _date(holiday["to"])
    for day in body.get("inset_days", []):
        yield "closed to pupils for training", _date(day), _date(day)


def certificate(document: Json) -> str:
    """Give evidence as one HTML page without anything from elsewhere, ready to be printed and signed."""
    standing = document["standing"]
    checkpoint = note.read(standing["checkpoint"]["note"])
    last = standing["checkpoint"]["at"]
    name = escape(document["school"])
    amendments = list(_amendments(document))
    amended = (
        _table(("Session", "Original", "Amended", "Reason", "Made", "By"), amendments)
        if amendments
        else "<p>None of these entries has been amended.</p>"
    )
    return f"""<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Certificate of attendance, {name}</title><style>{_STYLE}</style></head><body>
<h1>Certificate of attendance</h1>
<p>Particulars of the attendance of a pupil at a school: Education Act 1996, section 566(1)(c). The entries are those
of the attendance register kept under the School Attendance (Pupil Registration) (England) Regulations 2024.</p>
{_person(document)}
<h2>What the register says, in sessions</h2>
{_table(("Code", "Meaning", "Counted as", "Sessions"), _totals(document))}
<p>{len(document["entries"])} sessions, complete as at {escape(_moment(last))}.</p>
<h2>Amendments</h2>
{amended}
<h2>The register</h2>
{_table(("Date", "Morning", "Afternoon"), _register(document))}
<h2>When registers were taken</h2>
{_table(("Term or holiday", "First day", "Last day"), _calendar(document))}
<p></p>
{_table(("From", "Session", "Opened", "Closed", "Session ended", "Year groups"), _times(document))}
<h2>How this can be checked</h2>
<p>Every entry above is in the register as it was recorded, and none of this pupil's entries of the year is left out:
the file of evidence that this page was made from proves it against the checkpoint below, with
<code>rollbook verify</code> and without asking the school.</p>
{
        _facts(
            [
                ("Register", document["register"]),
                ("Up to event", standing["seq"]),
                ("Checkpoint", f"{checkpoint.size} of {checkpoint.origin}, {_moment(last)}"),
                ("Its root", checkpoint.root.hex()),
            ]
        )
    }
<div class="sign"><h2>Signature</h2>
<p>I am the head teacher of {name}. I certify that the above are particulars of the attendance of the pupil named.</p>
<dl><dt>Signed</dt><dd></dd><dt>Name</dt><dd></dd><dt>Date</dt><dd></dd></dl></div>
</body></html>
"""
