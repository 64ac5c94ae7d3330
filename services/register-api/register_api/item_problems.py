"""Why a route that answers item by item refuses an item: slugs of the catalogue, for the contract."""

from codes.refusals import REFUSALS

_OF_ANY = {"duplicate-in-request", "invalid-item"}
_OF_AN_ENTRY = {*_OF_ANY, "calendar-missing", "unknown-pupil", "year-retired"}
_ONLY_AMENDING = {"entry-changed", "no-entry", "reason-required"}

OF_MARKS = _OF_AN_ENTRY | (REFUSALS.keys() - _ONLY_AMENDING)
OF_AMENDMENTS = _OF_AN_ENTRY | (REFUSALS.keys() - {"already-entered"})
OF_TOLD = _OF_AN_ENTRY | (REFUSALS.keys() - {"already-entered", "entry-changed", "no-entry"}) | {"scope-required"}
"""Of a supplier's marks, which enter where nothing stands and amend where something does."""
OF_PUPILS = {*_OF_ANY, "ground-not-met", "invalid-pupil-id", "made-at-in-future", "reach-fact", "upn-in-use"}
OF_REDACTIONS = {*_OF_ANY, "no-text", "reason-required", "text-must-stay"}
OF_HISTORY = {
    *("already-entered", "boarder", "code-not-for-session", "entry-changed", "invalid-encoding", "invalid-item"),
    *("made-at-in-future", "malformed-line", "no-entry", "not-on-roll", "outside-book", "session-closed"),
    *("session-not-begun", "too-long-line", "truncated-line", "unknown-code", "unknown-column", "unknown-pupil"),
    "year-retired",
}
