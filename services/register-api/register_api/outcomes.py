"""What became of the items of a request, as the answer says it."""

from typing import Literal

from kit.contract import ItemProblem
from kit.fields import Body, Utc, written
from ledger import read
from register_api.bodies import MadeBy


class CurrentEntry(Body):
    """What stands in the register now."""

    code: str
    version: int
    seq: int
    made_at: Utc
    made_by: MadeBy


class Outcome(Body):
    """What became of one item; `not-written`: lawful in itself, but another was refused and all or nothing asked."""

    index: int
    pupil: str | None = None
    outcome: Literal["entered", "amended", "unchanged", "refused", "not-written"]
    seq: int | None = None
    version: int | None = None
    current_entry: CurrentEntry | None = None
    problem: ItemProblem | None = None


class Outcomes(Body):
    """What became of a request, in its order; the counts add up to the number of items."""

    seq: int
    entered: int | None = None
    amended: int | None = None
    unchanged: int
    refused: int
    outcomes: list[Outcome]


def current_entry(chain: read.Chain) -> CurrentEntry:
    """Show what stands."""
    now = chain.current
    return CurrentEntry(
        code=now.code,
        version=now.version,
        seq=now.seq,
        made_at=written(now.made_at),
        made_by=MadeBy(name=now.name, position=now.position),
    )
