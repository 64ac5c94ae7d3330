"""What a caller would rather have: the header Prefer (RFC 7240)."""

import re
from typing import Annotated

from fastapi import Header
from pydantic import WithJsonSchema

Prefer = Annotated[
    list[str] | None,
    WithJsonSchema({"type": "string"}),
    Header(description="`handling=strict`: all or nothing (RFC 7240)."),
]
"""Every header of this name, each with one preference or several."""

_WORD = r'(?:[!#$%&\'*+.^_`|~0-9A-Za-z-]++|"(?:[^"\\]|\\.)*+")'
_PARAMETER = rf"[ \t]*;(?:[ \t]*{_WORD}(?:[ \t]*=[ \t]*{_WORD})?)?"
_PREFERENCE = re.compile(rf"[ \t]*(?:({_WORD})(?:[ \t]*=[ \t]*({_WORD}))?(?:{_PARAMETER})*+)?[ \t]*(?:,|$)")


def wants_strict(prefer: list[str] | None) -> bool:
    """Say whether all or nothing was asked for, in one header or several; of a preference the first instance counts."""
    return _preferences(",".join(prefer or ())).get("handling") == "strict"


def _preferences(said: str) -> dict[str, str]:
    """Give the preferences by name, in lower case; what cannot be read, and what follows it, is none."""
    found: dict[str, str] = {}
    at = 0
    while at < len(said) and (each := _PREFERENCE.match(said, at)) is not None:
        at = each.end()
        if each[1]:
            found.setdefault(each[1].lower(), _plain(each[2] or "").lower())
    return found


def _plain(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word
