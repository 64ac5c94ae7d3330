"""UPN, URN, LAESTAB and authority codes (law.md 8.1 and 8.2)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes import identifiers
from codes.authorities import ABOLISHED, AUTHORITIES, PSEUDO

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "upn_vectors.json").read_text())["vectors"]
LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["upn"].strip())
def test_every_published_vector_is_judged_as_its_source_judges_it(vector: dict[str, Any]) -> None:
    """Law.md 8.1."""
    fault = identifiers.upn_fault(vector["upn"])
    if vector["check_letter_ok"] is True and vector["expect"] != "valid":
        # The check letter is right; what is wrong is the authority, or the last character.
        assert fault is not None and ("authority" in fault or "I, O and S" in fault)
    else:
        assert (fault is None) is (vector["expect"] == "valid")
        if vector["check_letter_ok"] is False:
            assert fault == "The check letter does not fit the rest."


@pytest.mark.parametrize(
    ("upn", "valid"),
    [
        ("B801200005001", True),
        ("A801200005001", False),
        ("M80120000500A", True),
        ("P207000016049", True),
        ("Q207000016049", False),
        ("X931345622001", True),
    ],
)
def test_the_worked_examples(upn: str, valid: bool) -> None:
    """Law.md 8.1, test data, the vendor's slip included."""
    assert (identifiers.upn_fault(upn) is None) is valid


@pytest.mark.parametrize("la", ["820", "835", "836", "837", "875", "909", "928", "001", "005", "708", "942", "931"])
def test_a_upn_may_carry_the_code_of_an_authority_that_is_no_more(la: str) -> None:
    """Law.md 8.2, historic UPNs."""
    rest = f"{la}345622001"
    assert identifiers.upn_fault(identifiers.check_letter(rest) + rest) is None


@pytest.mark.parametrize("la", ["000", "006", "200", "421", "499", "697", "944", "999"])
def test_a_upn_may_not_carry_a_code_that_never_was(la: str) -> None:
    rest = f"{la}345622001"
    fault = identifiers.upn_fault(identifiers.check_letter(rest) + rest)
    assert fault == f"{la} is not and was not the code of an authority."


@given(st.sampled_from(sorted(AUTHORITIES)), st.integers(0, 999_999), st.integers(0, 99), st.sampled_from(LETTERS))
def test_one_wrong_character_is_always_found(la: str, establishment: int, serial: int, last: str) -> None:
    """The weights and the modulus are prime to one another, so that any single slip shows."""
    rest = f"{la}{establishment:06d}{serial:02d}{last}"
    upn = identifiers.check_letter(rest) + rest
    assert identifiers.upn_fault(upn) is None
    assert identifiers.upn_is_temporary(upn)
    for place in range(4, 12):
        slip = "0123456789"[(int(upn[place]) + 1) % 10]
        assert identifiers.upn_fault(upn[:place] + slip + upn[place + 1 :]) is not None


def test_a_temporary_upn_ends_in_a_letter() -> None:
    """Law.md 8.1."""
    assert identifiers.upn_is_temporary(" m80120000500a")
    assert not identifiers.upn_is_temporary("B801200005001")
    assert not identifiers.upn_is_temporary("")


@pytest.mark.parametrize("text", ["B801200005001", "z000000000000", "M80120000500a", " B801200005001 "])
def test_what_could_be_taken_for_a_upn_is_shaped_like_one(text: str) -> None:
    assert identifiers.shaped_like_upn(text)


@pytest.mark.parametrize("text", ["p-001", "", "B80120000500", "B8012000050011", "1801200005001", "B8012000050\u06601"])
def test_what_could_not_be_taken_for_a_upn_is_not(text: str) -> None:
    assert not identifiers.shaped_like_upn(text)


@pytest.mark.parametrize(("urn", "valid"), [("143034", True), ("012345", False), ("1430345", False), ("", False)])
def test_a_urn_is_six_digits(urn: str, valid: bool) -> None:
    """Law.md 8.2."""
    assert (identifiers.urn_fault(urn) is None) is valid


@pytest.mark.parametrize(
    ("urn", "reserved"),
    [("989999", False), ("990000", True), ("999998", True), ("999999", False), ("143034", False), ("9900001", False)],
)
def test_a_range_of_urns_is_kept_for_invented_schools(urn: str, reserved: bool) -> None:
    assert identifiers.urn_is_reserved(urn) is reserved


@pytest.mark.parametrize(
    ("laestab", "fault"),
    [
        ("9313456", None),
        ("8203456", None),
        ("931/3456", "A LAESTAB is seven digits."),
        ("931345", "A LAESTAB is seven digits."),
        ("9993456", "999 is not and was not the code of an authority."),
    ],
)
def test_a_laestab_is_an_authority_and_an_establishment(laestab: str, fault: str | None) -> None:
    """Law.md 8.2."""
    assert identifiers.laestab_fault(laestab) == fault


def test_the_authorities_are_the_153_of_2025() -> None:
    """Law.md 8.2."""
    assert len(AUTHORITIES) == 153
    assert identifiers.la_name("931") == "Oxfordshire"
    assert identifiers.la_name("884") == "Herefordshire, County of"
    assert identifiers.la_name("820") is None
    assert not set(AUTHORITIES) & ABOLISHED
    assert not set(AUTHORITIES) & PSEUDO
