"""Law.md 1.9: for one session one school alone holds a mark other than D or X."""

import pytest

from codes.dual import Conflict, conflict


@pytest.mark.parametrize(
    ("here", "there", "found"),
    [
        ("/", "D", None),
        ("X", "N", None),
        ("/", "/", Conflict.BOTH_MARKED),
        ("I", "O", Conflict.BOTH_MARKED),
        ("D", "D", Conflict.NEITHER_MARKED),
        ("D", "X", Conflict.NEITHER_MARKED),
        (None, "/", None),
        ("D", None, None),
        (None, None, None),
    ],
)
def test_two_schools_entries_of_one_session(here: str | None, there: str | None, found: Conflict | None) -> None:
    assert conflict(here, there) is found
    assert conflict(there, here) is found
