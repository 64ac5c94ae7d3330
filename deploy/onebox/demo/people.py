"""Invented people: surnames that are nobody's, put together from two halves, and the staff of a school."""

from dataclasses import dataclass
from random import Random

_FIRST = (
    "Alder", "Bracken", "Cobble", "Dapple", "Elder", "Fennel", "Gorse", "Hazel", "Ivory", "Juniper", "Kestrel",
    "Larch", "Mallow", "Nettle", "Osier", "Pebble", "Quill", "Rowan", "Sorrel", "Thistle", "Umber", "Velvet",
    "Willow", "Yarrow",
)  # fmt: skip
_SECOND = (
    "bank", "beck", "bright", "combe", "croft", "dell", "field", "ford", "garth", "hurst", "lea", "marsh", "mere",
    "ridge", "shaw", "stead", "thorpe", "wick", "wood", "worth",
)  # fmt: skip
_FORENAMES = {
    "F": (
        "Ada", "Amara", "Beth", "Cerys", "Dilys", "Effie", "Fatou", "Greta", "Hana", "Imani", "Jaya", "Kasia", "Leila",
        "Mabel", "Nadia", "Orla", "Priya", "Rhoda", "Saffron", "Tamsin", "Una", "Wren", "Yasmin", "Zofia",
    ),
    "M": (
        "Alfie", "Bilal", "Conor", "Dev", "Emeka", "Finlay", "Gethin", "Hugo", "Idris", "Jakub", "Kwame", "Luca",
        "Malik", "Ned", "Omar", "Piotr", "Quentin", "Rohan", "Stefan", "Tariq", "Umar", "Viktor", "Wilf", "Yusuf",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Who makes an entry: the name and position that the register keeps with it."""

    name: str
    position: str


def forename(random: Random, sex: str) -> str:
    """An invented pupil's forename."""
    return random.choice(_FORENAMES[sex])


def surname(random: Random) -> str:
    """A surname of two halves, such as Thistlegarth."""
    return random.choice(_FIRST) + random.choice(_SECOND)


def staff(random: Random, position: str) -> Person:
    """One member of staff, as registers write them: an initial and a surname."""
    return Person(f"{random.choice('ABCDEFGHJKLMNPRSTW')}. {surname(random)}", position)
