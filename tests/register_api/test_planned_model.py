"""Plans against a plain list of what was stated: at every position the register expects what stood, and lists it."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.support.office import open_office
from tests.support.plans import at, decided, plan, slots
from tests.support.services import Register

DAYS = [(date(2026, 9, 7) + timedelta(days=n)).isoformat() for n in range(12)]
PUPILS = ("p-001", "p-002", "p-003")
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass
class Model:
    """Everything that was stated, in order, by position."""

    stated: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)

    def standing(self, seq: int) -> dict[str, tuple[int, dict[str, Any]]]:
        """Give what stood under each id at a position, in the order in which it was stated last."""
        latest = {id_: (at_, body) for at_, id_, body in self.stated if at_ <= seq}
        return dict(sorted(latest.items(), key=lambda item: item[1][0]))

    def expected(self, pupil: str, day: str, session: str, seq: int) -> dict[str, Any]:
        """Say what a register expects."""
        about = [
            {"id": id_, "kind": body["kind"], "code": body["code"], "outcome": outcome}
            for id_, (_, body) in self.standing(seq).items()
            if body["pupil"] == pupil and (outcome := outcome_of(body, day, session)) is not None
        ]
        codes = list(dict.fromkeys(each["code"] for each in about if each["outcome"] == "granted"))
        if date.fromisoformat(day).weekday() > 4:
            return {"attend": False, "codes": ["#"], "planned": about}
        return {"attend": not codes, "codes": codes, "planned": about}


def outcome_of(body: dict[str, Any], day: str, session: str) -> str | None:
    def lies_within(bounds: dict[str, Any]) -> bool:
        first, last = bounds.get("from") or body["from"], bounds.get("to") or body["to"]
        return (first["date"], first["session"]) <= (day, session) <= (last["date"], last["session"])

    weekly = {(slot["weekday"], slot["session"]) for slot in body.get("pattern") or ()}
    if not lies_within(body) or (weekly and (NAMES[date.fromisoformat(day).weekday()], session) not in weekly):
        return None
    decision = body.get("decision") or {"outcome": "asked"}
    fewer = decision["outcome"] == "granted" and not lies_within(decision)
    return "refused" if fewer else str(decision["outcome"])


def invented(chance: random.Random, pupil: str) -> dict[str, Any]:
    """Invent a plan that can be kept."""
    first, inner, last = sorted(chance.sample(DAYS, 3))
    outcome = chance.choice(["asked", "granted", "granted", "refused", "withdrawn"])
    body: dict[str, Any] = plan(first, last, pupil=pupil, code=chance.choice(["C", "M", "C1"]))
    if outcome != "asked":
        fewer = outcome == "granted" and chance.random() < 0.5
        body["decision"] = decided(outcome, first=at(inner, "PM") if fewer else None)
    if chance.random() < 0.3:
        weekday = date.fromisoformat(inner).weekday()
        body["pattern"] = slots(f"{NAMES[min(weekday, 4)]} PM", "friday AM", "monday AM")
    return body


@pytest.mark.parametrize("seed", [1, 2])
async def test_at_every_position_the_register_expects_what_stood_then(
    register: Register, admin: httpx.AsyncClient, seed: int
) -> None:
    chance, model = random.Random(seed), Model()
    office = await open_office(admin, register.database, f"90078{seed}", pupils=3)
    begun = (await office.head())[0]
    owners = {f"plan-{n}": chance.choice(PUPILS) for n in range(5)}
    while len(model.stated) < 25:
        id_ = chance.choice(sorted(owners))
        body = invented(chance, owners[id_])
        answer = await admin.put(office.path(f"/planned-absences/{id_}"), json=body)
        if answer.status_code == 422:
            # A pattern that none of the sessions meets.
            assert answer.json()["errors"][0]["pointer"] == "#/pattern"
        elif answer.json()["outcome"] != "unchanged":
            model.stated.append((answer.json()["seq"], id_, body))
    for seq in range(begun, (await office.head())[0] + 1):
        day, session = chance.choice(DAYS), chance.choice(["AM", "PM"])
        items = (await office.get(f"/registers/{day}/{session}", as_at=f"seq:{seq}"))["items"]
        told = {item["pupil"]: item["expected"] for item in items}
        assert told == {pupil: model.expected(pupil, day, session, seq) for pupil in PUPILS}
        listed = (await office.get("/planned-absences", as_at=f"seq:{seq}"))["items"]
        standing = reversed(model.standing(seq).items())
        assert [(item["id"], item["seq"]) for item in listed] == [(id_, at_) for id_, (at_, _) in standing]
