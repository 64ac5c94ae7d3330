"""Regions of England and their authorities, and the phases that statistics are published by."""

import csv
from pathlib import Path

import pytest

from codes.authorities import AUTHORITIES
from codes.phases import EducationPhase, education_phase
from codes.regions import ENGLAND, REGIONS, authorities_in, ons_code, region_of

SAMPLE = Path(__file__).parent / "data" / "attendance_by_code_202526_sample.csv"
ROWS = list(csv.DictReader(SAMPLE.read_text(encoding="utf-8").splitlines()))


def test_there_are_nine_regions_and_every_authority_of_today_lies_in_one() -> None:
    assert sorted(REGIONS) == [f"E1200000{n}" for n in range(1, 10)]
    assert {la_code for region in REGIONS for la_code in authorities_in(region)} == AUTHORITIES.keys()
    assert sum(len(authorities_in(region)) for region in REGIONS) == len(AUTHORITIES) == 153
    assert len(authorities_in("E12000007")) == 33, "London has 32 boroughs and the City"
    assert all(la_code in authorities_in(region_of(la_code) or "") for la_code in AUTHORITIES)


def test_every_authority_has_a_code_of_its_own_in_the_statistics() -> None:
    codes = {ons_code(la_code) for la_code in AUTHORITIES}
    assert len(codes) == 153
    assert {code[:3] for code in codes if code} == {"E06", "E08", "E09", "E10"}
    assert all(code and len(code) == 9 for code in codes)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["old_la_code"]], ids=lambda row: f"{row['la_name']}, {row['education_phase']}"
)
def test_codes_and_names_are_those_of_the_dfes_own_file(row: dict[str, str]) -> None:
    la_code = row["old_la_code"]
    region = region_of(la_code)
    assert region is not None
    assert (ons_code(la_code), region, REGIONS[region]) == (row["new_la_code"], row["region_code"], row["region_name"])
    assert AUTHORITIES[la_code] == row["la_name"]
    assert row["country_code"] == ENGLAND


def test_what_is_no_authority_lies_nowhere() -> None:
    assert region_of("820") is ons_code("820") is None
    assert authorities_in("E92000001") == ()


@pytest.mark.parametrize(
    ("kind", "ages", "phase"),
    [
        ("primary", (4, 11), EducationPhase.PRIMARY),
        ("middle", (8, 12), EducationPhase.PRIMARY),
        ("middle", (9, 13), EducationPhase.SECONDARY),
        ("middle", (10, 14), EducationPhase.SECONDARY),
        ("secondary", (11, 18), EducationPhase.SECONDARY),
        ("all-through", (4, 18), EducationPhase.SECONDARY),
        ("special", (2, 19), EducationPhase.SPECIAL),
        ("nursery", (2, 5), None),
        ("16-plus", (16, 19), None),
        ("alternative-provision", (5, 16), None),
    ],
)
def test_a_school_is_published_under_a_phase_of_the_dfes(
    kind: str, ages: tuple[int, int], phase: EducationPhase | None
) -> None:
    """Law.md 4.3: state-funded primary, secondary and special schools; others apart or not at all."""
    assert education_phase(kind, *ages) is phase


def test_a_kind_of_school_that_there_is_not_is_not_guessed() -> None:
    with pytest.raises(KeyError):
        education_phase("grammar", 11, 18)
