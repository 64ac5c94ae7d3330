"""The invented world as every test of the demonstration sees it: generated once, without any server."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from onebox.demo.acts import Act, RegisterTaken
from onebox.demo.world import SchoolWorld, world

LONDON = ZoneInfo("Europe/London")
SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=LONDON)

Key = tuple[str, str, date, str]
"""School, pupil, date, session."""


@dataclass(frozen=True)
class World:
    """Each school with all that its MIS sends."""

    schools: list[SchoolWorld]
    acts: Mapping[str, list[Act]]

    def standing(self, phase: str | None = None) -> dict[Key, str]:
        """What stands in the end, once every act has been sent, for the schools of a phase or all."""
        codes: dict[Key, str] = {}
        for shown in self.schools:
            if phase in (None, "total", shown.school.phase):
                for act in self.acts[shown.school.urn]:
                    if isinstance(act, RegisterTaken):
                        for mark in act.marks:
                            codes[shown.school.urn, mark["pupil"], act.day, act.session] = mark["code"]
                    else:
                        for item in act.amendments:
                            day = date.fromisoformat(item["date"])
                            codes[shown.school.urn, item["pupil"], day, item["session"]] = item["amended_entry"]
        return codes


def built(now: datetime) -> World:
    schools = world(now)
    return World(schools, {one.school.urn: [act for year in one.years for act in one.acts(year)] for one in schools})


@pytest.fixture(scope="session")
def shown() -> World:
    return built(SUNDAY)
