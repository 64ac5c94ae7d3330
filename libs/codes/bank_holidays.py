"""Bank holidays in England and Wales, 2006 to 2028.

2012 to 2028: GOV.UK bank holidays, https://www.gov.uk/bank-holidays.json. Contains public sector information licensed
under the Open Government Licence v3.0. 2006 to 2011: worked out from the rule (Banking and Financial Dealings Act 1971
s.1 and Schedule 1, with Good Friday, Christmas Day and their substitutes), and the holiday of 29 April 2011 by
proclamation; a test works all years out again. A year after 2028 is not known yet and has none here.
"""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

_NEW_YEAR = "New Year's Day"
_GOOD_FRIDAY = "Good Friday"
_EASTER_MONDAY = "Easter Monday"
_EARLY_MAY = "Early May bank holiday"
_SPRING = "Spring bank holiday"
_SUMMER = "Summer bank holiday"
_CHRISTMAS = "Christmas Day"
_BOXING = "Boxing Day"

_BY_YEAR: dict[int, dict[str, str]] = {
    2006: {
        "01-02": _NEW_YEAR, "04-14": _GOOD_FRIDAY, "04-17": _EASTER_MONDAY, "05-01": _EARLY_MAY,
        "05-29": _SPRING, "08-28": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2007: {
        "01-01": _NEW_YEAR, "04-06": _GOOD_FRIDAY, "04-09": _EASTER_MONDAY, "05-07": _EARLY_MAY,
        "05-28": _SPRING, "08-27": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2008: {
        "01-01": _NEW_YEAR, "03-21": _GOOD_FRIDAY, "03-24": _EASTER_MONDAY, "05-05": _EARLY_MAY,
        "05-26": _SPRING, "08-25": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2009: {
        "01-01": _NEW_YEAR, "04-10": _GOOD_FRIDAY, "04-13": _EASTER_MONDAY, "05-04": _EARLY_MAY,
        "05-25": _SPRING, "08-31": _SUMMER, "12-25": _CHRISTMAS, "12-28": _BOXING,
    },
    2010: {
        "01-01": _NEW_YEAR, "04-02": _GOOD_FRIDAY, "04-05": _EASTER_MONDAY, "05-03": _EARLY_MAY,
        "05-31": _SPRING, "08-30": _SUMMER, "12-27": _CHRISTMAS, "12-28": _BOXING,
    },
    2011: {
        "01-03": _NEW_YEAR, "04-22": _GOOD_FRIDAY, "04-25": _EASTER_MONDAY,
        "04-29": "Royal wedding bank holiday", "05-02": _EARLY_MAY, "05-30": _SPRING, "08-29": _SUMMER,
        "12-26": _BOXING, "12-27": _CHRISTMAS,
    },
    2012: {
        "01-02": _NEW_YEAR, "04-06": _GOOD_FRIDAY, "04-09": _EASTER_MONDAY, "05-07": _EARLY_MAY,
        "06-04": _SPRING, "06-05": "Queen's Diamond Jubilee", "08-27": _SUMMER, "12-25": _CHRISTMAS,
        "12-26": _BOXING,
    },
    2013: {
        "01-01": _NEW_YEAR, "03-29": _GOOD_FRIDAY, "04-01": _EASTER_MONDAY, "05-06": _EARLY_MAY,
        "05-27": _SPRING, "08-26": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2014: {
        "01-01": _NEW_YEAR, "04-18": _GOOD_FRIDAY, "04-21": _EASTER_MONDAY, "05-05": _EARLY_MAY,
        "05-26": _SPRING, "08-25": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2015: {
        "01-01": _NEW_YEAR, "04-03": _GOOD_FRIDAY, "04-06": _EASTER_MONDAY, "05-04": _EARLY_MAY,
        "05-25": _SPRING, "08-31": _SUMMER, "12-25": _CHRISTMAS, "12-28": _BOXING,
    },
    2016: {
        "01-01": _NEW_YEAR, "03-25": _GOOD_FRIDAY, "03-28": _EASTER_MONDAY, "05-02": _EARLY_MAY,
        "05-30": _SPRING, "08-29": _SUMMER, "12-26": _BOXING, "12-27": _CHRISTMAS,
    },
    2017: {
        "01-02": _NEW_YEAR, "04-14": _GOOD_FRIDAY, "04-17": _EASTER_MONDAY, "05-01": _EARLY_MAY,
        "05-29": _SPRING, "08-28": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2018: {
        "01-01": _NEW_YEAR, "03-30": _GOOD_FRIDAY, "04-02": _EASTER_MONDAY, "05-07": _EARLY_MAY,
        "05-28": _SPRING, "08-27": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2019: {
        "01-01": _NEW_YEAR, "04-19": _GOOD_FRIDAY, "04-22": _EASTER_MONDAY, "05-06": _EARLY_MAY,
        "05-27": _SPRING, "08-26": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2020: {
        "01-01": _NEW_YEAR, "04-10": _GOOD_FRIDAY, "04-13": _EASTER_MONDAY,
        "05-08": "Early May bank holiday (VE day)", "05-25": _SPRING, "08-31": _SUMMER,
        "12-25": _CHRISTMAS, "12-28": _BOXING,
    },
    2021: {
        "01-01": _NEW_YEAR, "04-02": _GOOD_FRIDAY, "04-05": _EASTER_MONDAY, "05-03": _EARLY_MAY,
        "05-31": _SPRING, "08-30": _SUMMER, "12-27": _CHRISTMAS, "12-28": _BOXING,
    },
    2022: {
        "01-03": _NEW_YEAR, "04-15": _GOOD_FRIDAY, "04-18": _EASTER_MONDAY, "05-02": _EARLY_MAY,
        "06-02": _SPRING, "06-03": "Platinum Jubilee bank holiday", "08-29": _SUMMER,
        "09-19": "Bank Holiday for the State Funeral of Queen Elizabeth II", "12-26": _BOXING,
        "12-27": _CHRISTMAS,
    },
    2023: {
        "01-02": _NEW_YEAR, "04-07": _GOOD_FRIDAY, "04-10": _EASTER_MONDAY, "05-01": _EARLY_MAY,
        "05-08": "Bank holiday for the coronation of King Charles III", "05-29": _SPRING, "08-28": _SUMMER,
        "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2024: {
        "01-01": _NEW_YEAR, "03-29": _GOOD_FRIDAY, "04-01": _EASTER_MONDAY, "05-06": _EARLY_MAY,
        "05-27": _SPRING, "08-26": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2025: {
        "01-01": _NEW_YEAR, "04-18": _GOOD_FRIDAY, "04-21": _EASTER_MONDAY, "05-05": _EARLY_MAY,
        "05-26": _SPRING, "08-25": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
    2026: {
        "01-01": _NEW_YEAR, "04-03": _GOOD_FRIDAY, "04-06": _EASTER_MONDAY, "05-04": _EARLY_MAY,
        "05-25": _SPRING, "08-31": _SUMMER, "12-25": _CHRISTMAS, "12-28": _BOXING,
    },
    2027: {
        "01-01": _NEW_YEAR, "03-26": _GOOD_FRIDAY, "03-29": _EASTER_MONDAY, "05-03": _EARLY_MAY,
        "05-31": _SPRING, "08-30": _SUMMER, "12-27": _CHRISTMAS, "12-28": _BOXING,
    },
    2028: {
        "01-03": _NEW_YEAR, "04-14": _GOOD_FRIDAY, "04-17": _EASTER_MONDAY, "05-01": _EARLY_MAY,
        "05-29": _SPRING, "08-28": _SUMMER, "12-25": _CHRISTMAS, "12-26": _BOXING,
    },
}  # fmt: skip

BANK_HOLIDAYS: MappingProxyType[date, str] = MappingProxyType(
    {date.fromisoformat(f"{year}-{day}"): name for year, days in _BY_YEAR.items() for day, name in days.items()}
)
