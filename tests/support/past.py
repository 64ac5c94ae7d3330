"""A register as a plain list of what was recorded, and what any read of it must say as at any position or instant.

Written apart from the services: nothing here knows a table, a query or a module of theirs.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
TICK = timedelta(microseconds=1)
SESSIONS = ("AM", "PM")
Entry = tuple[str, str, str]
"""Date, session, pupil."""


@dataclass(frozen=True)
class Fact:
    """One thing that was recorded: at which position and when, of what kind, and what it said."""

    seq: int
    recorded_at: datetime
    kind: str
    said: dict[str, Any]


@dataclass
class Past:
    """All that was recorded of one school, in order."""

    begun: datetime
    facts: list[Fact] = field(default_factory=list)

    def record(self, now: datetime, told: dict[int, tuple[str, dict[str, Any]]]) -> None:
        """Add what writers were told was recorded while the clock stood at `now`; no position may be missing."""
        for seq in sorted(told):
            assert seq == len(self.facts) + 1
            last = self.facts[-1].recorded_at if self.facts else self.begun
            self.facts.append(Fact(seq, max(now, last + TICK), *told[seq]))

    def position(self, asked: str, now: datetime) -> dict[str, Any]:
        """Say what `as_at` must answer: instant, position, and whether it is settled."""
        if asked.startswith("seq:"):
            seq = int(asked[4:])
            instant = self.facts[seq - 1].recorded_at if seq else datetime(1970, 1, 1, tzinfo=UTC)
            return {"instant": stamp(instant), "seq": seq, "settled": True}
        instant = datetime.fromisoformat(asked)
        seq = sum(fact.recorded_at <= instant for fact in self.facts)
        settled = self.facts[-1].recorded_at > instant or now - instant > timedelta(minutes=1)
        return {"instant": stamp(instant), "seq": seq, "settled": settled}

    def at(self, seq: int) -> "Then":
        """Give the school as it stood at a position."""
        return Then(self.facts[:seq])


def stamp(instant: datetime) -> str:
    """Write an instant as answers do."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Then:
    """A school as it stood: what had been recorded of it."""

    facts: list[Fact]

    def of(self, kind: str) -> list[Fact]:
        """Give the facts of a kind, in order."""
        return [fact for fact in self.facts if fact.kind == kind]

    def chains(self) -> dict[Entry, list[Fact]]:
        """Give every entry with all its versions."""
        chains: dict[Entry, list[Fact]] = {}
        for fact in self.of("mark"):
            chains.setdefault((fact.said["date"], fact.said["session"], fact.said["pupil"]), []).append(fact)
        return chains

    def pupils(self) -> list[str]:
        """Give the pupils in the order in which they were entered."""
        return list(dict.fromkeys(fact.said["id"] for fact in self.of("roll")))

    def roll(self, pupil: str) -> list[Fact]:
        """Give every change of one pupil's entry."""
        return [fact for fact in self.of("roll") if fact.said["id"] == pupil]

    def class_on(self, pupil: str, on: str) -> str | None:
        """Give the class of a day: the one that holds from the latest date by then, as last stated."""
        dated = [fact for fact in self.roll(pupil) if fact.said["effective_from"] <= on]
        return max(dated, key=lambda fact: (fact.said["effective_from"], fact.seq)).said["class"] if dated else None

    def on_roll(self, pupil: str, on: str) -> bool:
        """Say whether a pupil is on roll on a day."""
        stands = self.roll(pupil)[-1].said
        return stands["starting_day"] <= on and (stands["leaving"] is None or on <= stands["leaving"])

    def is_open(self, on: str) -> bool:
        """Say whether a weekday in term has sessions: not an INSET day of the calendar that stands."""
        calendars = self.of("calendar")
        return bool(calendars) and on not in calendars[-1].said["inset_days"] and date.fromisoformat(on).weekday() < 5

    def closes(self, on: str, session: str) -> datetime:
        """Give when the register of a session closes, by the policy of the date."""
        policies = sorted(self.of("policy"), key=lambda fact: (fact.said["effective_from"], fact.seq))
        holding = [fact for fact in policies if fact.said["effective_from"] <= on] or policies[:1]
        closes = time.fromisoformat(holding[-1].said[session])
        return datetime.combine(date.fromisoformat(on), closes, LONDON)

    def register(self, on: str, session: str, instant: datetime) -> list[tuple[Any, ...]]:
        """Give pupil, class, state, and code, version, first entry and position of what stands."""
        rows: list[tuple[Any, ...]] = []
        chains = self.chains()
        for pupil in self.pupils():
            chain = chains.get((on, session, pupil))
            if chain is None and not self.on_roll(pupil, on):
                continue
            if chain is not None:
                last = chain[-1]
                entry = (last.said["code"], last.said["version"], chain[0].said["code"], last.seq)
                rows.append((pupil, self.class_on(pupil, on), "entered", entry))
                continue
            state = "missing" if instant >= self.closes(on, session) else "not-due"
            rows.append((pupil, self.class_on(pupil, on), state if self.is_open(on) else "closed", None))
        return rows

    def amendments(self) -> list[tuple[Any, ...]]:
        """Give every amendment, newest first: position, pupil, date, session, both codes, reason, first entry."""
        chains = self.chains()
        return [
            (
                *(fact.seq, fact.said["pupil"], fact.said["date"], fact.said["session"], fact.said["original"]),
                *(fact.said["code"], fact.said["reason"]),
                chains[fact.said["date"], fact.said["session"], fact.said["pupil"]][0].said["code"],
            )
            for fact in reversed(self.of("mark"))
            if fact.said["version"] > 1
        ]

    def late(self) -> list[tuple[Any, ...]]:
        """Give position, minutes and present code of each first entry recorded a minute or more after its closing."""
        rows = []
        for (on, session, _), chain in self.chains().items():
            late = chain[0].recorded_at - self.closes(on, session)
            if late >= timedelta(minutes=1):
                rows.append((chain[0].seq, late // timedelta(minutes=1), chain[-1].said["code"]))
        return sorted(rows, reverse=True)

    def roll_changes(self) -> list[tuple[Any, ...]]:
        """Give every change of the roll, newest first: position, pupil, kind, and the members that differ of two."""
        rows: list[tuple[Any, ...]] = []
        for fact in reversed(self.of("roll")):
            before = [other for other in self.roll(fact.said["id"]) if other.seq < fact.seq]
            if not before:
                rows.append((fact.seq, fact.said["id"], "entered", None))
                continue
            stood = before[-1].said
            names = {"class": "class", "leaving": "enrolments"}
            differs = [shown for name, shown in names.items() if stood[name] != fact.said[name]]
            rows.append((fact.seq, fact.said["id"], "changed", tuple(differs)))
        return rows

    def differences(self, earlier: "Then") -> list[tuple[Any, ...]]:
        """Give the entries whose code is another than it was, with both: by date, session and pupil."""
        before, after = earlier.chains(), self.chains()
        rows = []
        for (on, session, pupil), chain in after.items():
            stood = before.get((on, session, pupil))
            codes = (stood[-1].said["code"] if stood else None, chain[-1].said["code"])
            if codes[0] != codes[1]:
                rows.append((on, session, self.pupils().index(pupil), pupil, *codes))
        return sorted(rows)

    def counted(self, days: list[str], pupil: str | None = None) -> dict[str, int]:
        """Count the codes that stand on some days, where they are open and the pupil is on roll."""
        standing = (
            chain[-1].said["code"]
            for (on, _, whose), chain in self.chains().items()
            if on in days and self.is_open(on) and self.on_roll(whose, on) and pupil in (None, whose)
        )
        return dict(Counter(standing))

    def rows_of(self, days: list[str], instant: datetime) -> Iterator[tuple[Any, ...]]:
        """Give the authority's rows: date, session, pupil, class, state, code, first entry, version."""
        for on in days:
            for session in SESSIONS:
                for pupil, class_, state, entry in sorted(self.register(on, session, instant)):
                    if self.is_open(on) and self.on_roll(pupil, on):
                        code, version, first, _ = entry or (None, None, None, None)
                        yield on, session, pupil, class_, state, code, first, version
