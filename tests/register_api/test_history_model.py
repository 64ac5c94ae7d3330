"""Random histories against a plain model: the same chains whatever the borders, and nothing by sending again."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
import pytest

from tests.register_api.test_history import DAY, NDJSON, amendment, lines, mark
from tests.support.office import Office, calling, open_office
from tests.support.services import Register

CODES = ("/", "N", "I", "O", "M")
PUPILS, LINES = 6, 150


@dataclass
class Model:
    """The chains that stand, by pupil: each version its original code, its code, and when it was made."""

    chains: dict[str, list[tuple[str | None, str, str]]] = field(default_factory=dict)

    def take(self, item: dict[str, Any]) -> str:
        """Give what becomes of a line."""
        chain = self.chains.setdefault(item["pupil"], [])
        if item["kind"] == "mark":
            if chain:
                return "unchanged" if chain[0][1] == item["code"] else "refused"
            chain.append((None, item["code"], item["made_at"]))
            return "entered"
        said = (item["original_entry"], item["amended_entry"], item["made_at"])
        if said in chain[1:]:
            return "unchanged"
        if item["original_entry"] == item["amended_entry"] in [code for _, code, _ in chain]:
            return "unchanged"
        if not chain or chain[-1][1] != item["original_entry"]:
            return "refused"
        chain.append(said)
        return "amended"


def history(random: Random, ids: list[str]) -> list[dict[str, Any]]:
    """Give lines that mostly follow from one another, some of them twice, contradictory, or out of their order."""
    found: list[dict[str, Any]] = []
    last: dict[str, str] = {}
    for _ in range(LINES):
        id_ = random.choice(ids)
        made_at = f"{DAY}T{random.randrange(9, 15):02}:{random.randrange(60):02}:00Z"
        if found and random.random() < 0.15:
            found.append(random.choice(found))
        elif id_ not in last or random.random() < 0.1:
            last[id_] = random.choice(CODES)
            found.append(mark(id_, last[id_], made_at=made_at))
        else:
            original = last[id_] if random.random() < 0.85 else random.choice(CODES)
            last[id_] = random.choice(CODES)
            found.append(amendment(id_, original, last[id_], made_at=made_at))
    return found


def borders(random: Random, items: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Give the lines in requests of any lengths."""
    cuts = sorted(random.sample(range(1, len(items)), random.randrange(0, 6)))
    return [items[first:last] for first, last in zip([0, *cuts], [*cuts, len(items)], strict=True)]


async def stands(office: Office) -> dict[str, list[tuple[str | None, str, str]]]:
    """Give the chains as the stream has them; pupils are numbered in the order of their entry."""
    found: dict[str, list[tuple[str | None, str, str]]] = {}
    for leaf in await office.stream():
        if leaf["kind"].startswith("mark-"):
            made_at = datetime.fromtimestamp(leaf["made_at"] / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            chain = found.setdefault(f"p-{leaf['pupil_no']:03}", [])
            chain.append((leaf["original_code"], leaf["code"], made_at))
            assert leaf["version"] == len(chain)
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_borders_the_chains_are_the_models_and_a_replay_adds_nothing(
    register: Register, admin: httpx.AsyncClient, seed: int
) -> None:
    random = Random(seed)
    office = await open_office(admin, register.database, f"9006{seed:02}", pupils=PUPILS)
    items, model = history(random, [next(office.unused) for _ in range(PUPILS)]), Model()
    async with calling(register) as http:

        async def send(sent: list[dict[str, Any]], dry_run: bool = False) -> list[str]:
            found = []
            for part in [sent] if dry_run else borders(random, sent):
                params = {"outcomes": "all", "dry_run": json.dumps(dry_run)}
                headers = {"Content-Type": NDJSON}
                answer = await http.post(office.path("/history"), content=lines(*part), params=params, headers=headers)
                assert answer.status_code == 200, answer.text
                found += [each["outcome"] for each in answer.json()["outcomes"]]
            return found

        expected = [model.take(item) for item in items]
        assert set(expected) == {"entered", "amended", "unchanged", "refused"}
        assert await send(items, dry_run=True) == expected
        assert await send(items) == expected
        assert await stands(office) == {id_: chain for id_, chain in model.chains.items() if chain}
        before = await office.stream()
        # What was refused may fit what stands now: it is another line then. All others say what the register has.
        kept = [item for item, outcome in zip(items, expected, strict=True) if outcome != "refused"]
        assert await send(kept) == ["unchanged"] * len(kept)
        assert await office.stream() == before
        assert await send(items) == [model.take(item) for item in items]
