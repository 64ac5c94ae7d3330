"""Every type of problem that Rollbook answers with: its status, its title, and what it wants the caller to do."""
# ruff: noqa: E501 -- one row a problem reads better than three

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A documented type of problem, served at `/problems/{slug}`."""

    status: int
    title: str
    remedy: str


CATALOGUE: dict[str, Kind] = {
    # The request
    "malformed-json": Kind(400, "The body is not JSON", "Send UTF-8 JSON."),
    "invalid-request": Kind(422, "The body does not have the documented form", "Mend what `errors` points at."),
    "invalid-item": Kind(422, "An item does not have the documented form", "Mend what `errors` points at; the other items stand."),
    "invalid-parameter": Kind(422, "A parameter cannot be used", "Mend the parameter named in `errors`."),
    "unknown-parameter": Kind(422, "The request has a parameter that this route does not know", "Leave it out or spell it right: nothing was done."),
    "unsupported-media-type": Kind(415, "The body is in a form that is not taken", "Send `application/json`, not compressed."),
    "not-acceptable": Kind(406, "None of the accepted formats can be given", "Ask for JSON, or for a format that the route documents."),
    "too-large": Kind(413, "The body is too large", "Send it in parts of 1 MiB at most, history of 64 MiB."),
    "too-many-items": Kind(422, "There are too many items in one request", "Send them in parts of 2,000 at most, history of 50,000."),
    "malformed-line": Kind(422, "The line cannot be read", "Mend what `detail` says, and send the line again."),
    "truncated-line": Kind(422, "The last line breaks off", "Look whether the file is whole, and send that line again."),
    "too-long-line": Kind(422, "The line is too long", "A line has 64 KiB at most."),
    "invalid-encoding": Kind(422, "The line is not in the encoding that was declared", "Send UTF-8, or declare `charset=windows-1252` with CSV."),
    "unknown-column": Kind(422, "The column is not known", "Leave the column out, or name in a mapping what it holds: its lines were taken without it."),
    "too-slow": Kind(408, "The body did not come in time", "Send it without pauses of more than 10 seconds, and within a minute."),
    "rate-limited": Kind(429, "The client asks too much", "Wait for the seconds in `Retry-After`; send many marks in one request."),
    "not-found": Kind(404, "There is nothing at this address", "See the list of routes in /openapi.json."),
    "method-not-allowed": Kind(405, "The address does not know this method", "See the list of routes in /openapi.json."),
    # Who may
    "invalid-client": Kind(401, "The client or its secret is not right", "Check the client's id and secret."),
    "invalid-grant-request": Kind(400, "The request for a token is not right", "Send grant_type=client_credentials, form encoded."),
    "token-required": Kind(401, "A token is required", "Get one from /oauth/token and send it as `Authorization: Bearer ...`."),
    "invalid-token": Kind(401, "The token cannot be used", "Get a fresh token: one lives 30 minutes."),
    "scope-required": Kind(403, "The token lacks the scope that this route needs", "Ask for a client with the scope named."),
    "reach-fact": Kind(403, "A fact that decides who may read is set by an administrator alone", "Leave it out, or use a client with `admin`."),
    "unknown-school": Kind(404, "There is no such school within reach", "Check the URN and the client's reach."),
    "unknown-authority": Kind(404, "There is no such authority within reach", "Check the code and the client's reach."),
    "unknown-trust": Kind(404, "There is no such trust within reach", "Check the UID and the client's reach."),
    "unknown-region": Kind(404, "There is no such region within reach", "Use a code of the nine, E12000001 to E12000009, and a client with national reach."),
    "national-reach": Kind(403, "The client does not reach the nation", "Use a client with national reach, or ask for what the client reaches."),
    # The school, its calendar and its roll
    "invalid-urn": Kind(422, "This is not a URN", "A URN has six digits."),
    "invalid-policy": Kind(422, "The policy cannot be kept", "Mend what `errors` points at."),
    "invalid-calendar": Kind(422, "The calendar cannot be kept", "Mend what `errors` points at."),
    "calendar-missing": Kind(422, "The school has no calendar for that academic year", "PUT the calendar of the year first."),
    "sessions-marked": Kind(409, "The change touches sessions that already have entries", "Leave the sessions as they are, or ask for `amend_entries`: the marks named are then amended."),
    "invalid-closure": Kind(422, "The closure cannot be kept", "Mend what `errors` points at."),
    "unknown-closure": Kind(404, "The school has no such closure", "See /v1/schools/{urn}/closures."),
    "unknown-pupil": Kind(404, "The school's admission register has no such pupil", "Check the id, or enter the pupil first."),
    "invalid-pupil-id": Kind(422, "This cannot be a pupil's id", "Use 1 to 64 of A-Z a-z 0-9 . _ ~ -, and not a UPN."),
    "upn-in-use": Kind(409, "Another pupil of the school has this UPN", "Find out whose it is before entering it twice."),
    "pupil-id-in-use": Kind(409, "Another pupil of the school has this id", "Use an id that never stood for another pupil: marks sent under it must have one meaning."),
    "ground-not-met": Kind(422, "The register contradicts the ground of the deletion", "Look at `entries`: amend what is wrong in them, or choose the ground that is met."),
    "two-registers": Kind(409, "The URN has a register of its own", "A register goes on under one URN after another; of a merger, enter the pupils in the new school's."),
    # Absence known ahead
    "invalid-planned-absence": Kind(422, "The planned absence cannot be kept", "Mend what `errors` points at."),
    "unknown-planned-absence": Kind(404, "There is no such planned absence", "Check the id, or look for it in /v1/schools/{urn}/planned-absences."),
    # Casework
    "unknown-alert": Kind(404, "There is no such alert", "Check the id, or look for it in /v1/schools/{urn}/alerts."),
    "invalid-act": Kind(422, "The act on the alert cannot be kept", "Mend what `errors` points at; the alert says what can be done about it."),
    "invalid-notice": Kind(422, "The notice cannot be kept", "Mend what `errors` points at."),
    "unknown-notice": Kind(404, "There is no such notice", "Check the id, or look for it in /v1/schools/{urn}/notices."),
    # Entering and amending
    "made-by-required": Kind(422, "The entry does not say who made it", "Give `made_by` with name and position."),
    "unknown-code": Kind(422, "This was never a code of the register", "See /v1/codes for the codes in force on a date."),
    "code-withdrawn": Kind(422, "The code is not in force on that date", "See /v1/codes?on= for the codes of that date."),
    "code-not-for-session": Kind(422, "The code does not fit the session", "Use / in the morning and \\ in the afternoon; # is for closed days."),
    "code-not-for-age": Kind(422, "The code does not fit the pupil's age", "See `bearer` in /v1/codes."),
    "code-not-for-pupil": Kind(422, "The code does not fit the pupil's place on the roll", "Z comes only before the starting day."),
    "not-on-roll": Kind(422, "The pupil is not on roll on that date", "Check the pupil's starting day and leaving date."),
    "boarder": Kind(422, "Boarders are outside the attendance register", "Check whether the pupil boards."),
    "session-closed": Kind(422, "The school is closed for that session", "Check the calendar."),
    "session-not-begun": Kind(422, "The session has not begun", "An entry is made at or after the opening of its register, never ahead."),
    "nature-required": Kind(422, "The code needs the nature of the activity or provision", "Give `nature`."),
    "arrival-outside-register": Kind(422, "The arrival time does not fit the code", "L is between opening and closing, U from closing to the end of the session."),
    "arrival-contradictory": Kind(422, "Arrival time and minutes late disagree", "Give one of them."),
    "made-at-in-future": Kind(422, "The time of making lies in the future", "Check the clock of the machine that made the entry."),
    "made-at-before-session": Kind(422, "The entry was made before its session", "An entry is made at or after the opening of its register, never ahead."),
    "duplicate-in-request": Kind(422, "The same entry is asked for twice in one request", "Send one item a pupil and session."),
    "already-entered": Kind(409, "The session has another entry for the pupil", "Amend the entry shown, with a reason."),
    "no-entry": Kind(409, "There is no entry to amend", "Enter the mark first."),
    "entry-changed": Kind(409, "The entry is no longer the one to be amended", "Look at the entry shown, then decide again."),
    "reason-required": Kind(422, "A reason is required", "Say why, in words."),
    "refused-whole": Kind(422, "Nothing was written: an item was refused and all or nothing was asked for", "Mend the refused items, or leave out Prefer: handling=strict."),
    "conflicts-whole": Kind(409, "Nothing was written: the register has moved on and all or nothing was asked for", "Read the entries shown, then decide again."),
    # Letting go
    "retention-too-short": Kind(422, "The register is kept for six years at the least", "Leave `retention_years` out, or make it 6 or more: regulation 7 says six."),
    "outside-book": Kind(422, "The book holds no session of that date", "It begins with August 2006."),
    "year-retired": Kind(422, "The entries of that academic year have been let go", "Nothing is entered or amended in it any more."),
    "no-text": Kind(404, "There is no such text", "Look for `seq` and part in the audit: not every event has a reason or a nature."),
    "text-must-stay": Kind(409, "The text says what the register rests on", "Of a pupil, or of absence known ahead, change what is said first; what it said before may then go."),
    # Reading
    "as-at-in-future": Kind(422, "The register cannot be read as at a time to come", "Ask for an instant or a seq that has been reached."),
    "invalid-cursor": Kind(422, "The cursor is not one of ours", "Begin again without a cursor."),
    # Proof
    "not-sealed": Kind(404, "No checkpoint covers this", "Ask again after the next checkpoint."),
    "unknown-checkpoint": Kind(404, "There is no such checkpoint", "See /v1/checkpoints."),
    "no-entries": Kind(404, "There are no entries to give evidence of", "Ask for a year in which the pupil has entries, at a checkpoint that covers them."),
    # Our side
    "database-away": Kind(503, "The database cannot be reached", "Send the request again later: a mark sent twice is entered once."),
    "sandbox-full": Kind(503, "As many sandboxes stand as there may be", "Begin yours after the seconds in `Retry-After`, when one has gone."),
    "busy": Kind(503, "The register is busy", "Send the request again in a moment."),
    "register-altered": Kind(500, "What is kept is not what was sealed", "Leave the database as it is, take a copy, and compare it with exports and checkpoints from before."),
    "internal-error": Kind(500, "An error on our side", "Report it with the time. The request may be sent again."),
}  # fmt: skip
