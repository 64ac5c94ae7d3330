"""What was known of a pupil when an absence known ahead was decided: computed when it is read, stored nowhere."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from codes.ages import of_compulsory_age
from codes.calendar import academic_year, academic_year_bounds
from codes.tallies import figures, tally
from kit import database
from kit.database import Connection
from ledger import plans, read
from register_api.listing import Item
from register_api.plans import shown

_sql = database.statements(__file__)


async def at_decision(
    connection: Connection, school_id: int, pupil_no: int, id_: str, versions: Sequence[Item]
) -> dict[str, Any] | None:
    """Give the pupil's attendance and what had been asked for, as at the change that brought the decision that stands.

    None where nothing is decided. `versions` are those of the plan `id_`, the latest last. The attendance is that of
    the academic year of the decision, by the entries that stood then; what had been asked for, decided or not, is all
    that was known ahead of the pupil but the plan itself.
    """
    decision = versions[-1]["decision"]
    if decision is None:
        return None
    seq = versions[-1]["seq"]
    for version in reversed(versions):
        if version["decision"] != decision:
            break
        seq = version["seq"]
    year = academic_year(date.fromisoformat(decision["decided_on"]))
    chains = await read.pupil_chains(connection, school_id, pupil_no, academic_year_bounds(year), seq)
    born = await _sql.date_of_birth(connection, school_id=school_id, pupil_no=pupil_no, seq=seq)
    counted = tally(
        (chain.current.code, chain.first.date, of_compulsory_age(born, chain.first.date), 1) for chain in chains
    )
    known = await plans.standing(connection, school_id, (date.min, date.max), seq, [pupil_no])
    return {
        "seq": seq,
        "academic_year": year,
        "attendance": figures(counted),
        "requests": [
            {
                "id": plan.id,
                "kind": plan.kind,
                "code": plan.code,
                "from": shown(plan.asked_first),
                "to": shown(plan.asked_last),
                "outcome": plan.outcome,
            }
            for plan in known.get(pupil_no, ())
            if plan.id != id_
        ],
    }
