"""Illness that is stated ahead, as far as it foretells a sickness return (regulation 13)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date

from codes.planned import ASKED, GRANTED, Plan
from codes.sickness import SICK_SESSIONS, Forecast


def foretold(plans: Iterable[tuple[Plan, date]], school_days: Sequence[date]) -> tuple[Forecast, ...]:
    """The long illnesses stated ahead that last as long as a return asks for; each plan with the day it was stated on.

    ASSUMPTION: whoever states one has reason to believe in it, whether or not it was decided; its id stands as name.
    """
    return tuple(
        Forecast(plan.first[0], stated_on, plan.id)
        for plan, stated_on in plans
        if plan.code == "I" and plan.outcome in (ASKED, GRANTED) and plan.last is not None
        if 2 * (bisect_right(school_days, plan.last[0]) - bisect_left(school_days, plan.first[0])) >= SICK_SESSIONS
    )
