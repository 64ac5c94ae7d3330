"""Why the office amended an entry: what attendance officers write, by the code that was found to be right."""

from datetime import datetime
from random import Random

_REASONS = {
    "I": (
        "Parent telephoned at {time}: sickness",
        "Parent telephoned at {time}: high temperature",
        "First-day call answered at {time}: stomach upset",
        "Message on the absence line heard at {time}: migraine",
        "Parent's e-mail read at {time}: chest infection",
    ),
    "M": (
        "Appointment card shown: dentist",
        "Appointment letter shown: hospital clinic",
        "Parent telephoned at {time}: orthodontist",
        "Parent telephoned at {time}: optician",
    ),
    "G": (
        "Holiday confirmed by the family; leave had not been granted",
        "Pupil returned from a holiday taken without leave",
    ),
    "O": (
        "No reason given after first-day call and home visit",
        "Parent gave no reason that could be accepted",
        "No reply to calls, text messages and letter",
    ),
    "U": ("Signed in at reception at {time}",),
}


def reason(random: Random, code: str, at: datetime) -> str:
    """A reason for amending N to `code`, found out at a local time."""
    return random.choice(_REASONS[code]).format(time=f"{at:%H:%M}")
