"""The numbers by which pupils and schools are known: UPN, URN, LAESTAB and local authority codes."""

from __future__ import annotations

import re

from codes.authorities import ABOLISHED, AUTHORITIES, PSEUDO

# The letters a UPN may hold, by their value; I, O and S are never used.
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_UPN = re.compile(rf"[{_LETTERS}][0-9]{{11}}[0-9{_LETTERS}]")
_SHAPED_LIKE_UPN = re.compile(r"[A-Za-z][0-9]{11}[0-9A-Za-z]")
_URN = re.compile(r"[1-9][0-9]{5}")
_LAESTAB = re.compile(r"[0-9]{7}")


def upn_normalised(upn: str) -> str:
    """A UPN as it is written: in capitals, without blanks around it."""
    return upn.strip().upper()


def upn_fault(upn: str) -> str | None:
    """What is wrong with a unique pupil number, or None; read as `upn_normalised` writes it.

    A letter, three digits of an authority that is or was one, four of an establishment, two of a year, three of a
    serial number or two and a letter (a temporary UPN); the first letter checks the rest (UPN catalogue, version 2.0).
    """
    upn = upn_normalised(upn)
    if not _UPN.fullmatch(upn):
        return "A UPN is a letter, 11 digits, and a digit or letter; I, O and S are not used."
    if check_letter(upn[1:]) != upn[0]:
        return "The check letter does not fit the rest."
    if not _authority_known(upn[1:4]):
        return f"{upn[1:4]} is not and was not the code of an authority."
    return None


def check_letter(rest: str) -> str:
    """The check letter for the twelve characters that follow it in a UPN."""
    values = (int(c) if c.isdigit() else _LETTERS.index(c) for c in rest)
    return _LETTERS[sum(position * value for position, value in enumerate(values, start=2)) % 23]


def upn_is_temporary(upn: str) -> bool:
    """Whether a UPN is a temporary one, that ends in a letter."""
    return upn_normalised(upn)[-1:].isalpha()


def shaped_like_upn(text: str) -> bool:
    """Whether a text could be taken for a UPN, valid or not: no identifier of our own may look like one."""
    return _SHAPED_LIKE_UPN.fullmatch(text.strip()) is not None


def urn_fault(urn: str) -> str | None:
    """What is wrong with a school's unique reference number, or None: six digits, the first not 0."""
    return None if _URN.fullmatch(urn) else "A URN is six digits."


def urn_is_reserved(urn: str) -> bool:
    """Whether a URN is one of 990000 to 999998, which stand for invented schools.

    ASSUMPTION: GIAS gives none of them; its URNs, given in their order, have not come near.
    """
    return urn_fault(urn) is None and "990000" <= urn <= "999998"


def laestab_fault(laestab: str) -> str | None:
    """What is wrong with a school's LAESTAB, or None: an authority's three digits and the establishment's four."""
    if not _LAESTAB.fullmatch(laestab):
        return "A LAESTAB is seven digits."
    return None if _authority_known(laestab[:3]) else f"{laestab[:3]} is not and was not the code of an authority."


def la_name(code: str) -> str | None:
    """The name of a local authority by its three digits, or None when there is none today."""
    return AUTHORITIES.get(code)


def _authority_known(code: str) -> bool:
    return code in AUTHORITIES or code in ABOLISHED or code in PSEUDO
