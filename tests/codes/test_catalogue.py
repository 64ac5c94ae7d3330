"""The catalogue of alerts, docs/alerts.md, held against the rules."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from codes import (
    acts,
    auditing,
    conduct,
    continuous,
    dual,
    gaps,
    leave,
    levels,
    patterns,
    penalty,
    returns,
    rising,
    sickness,
    the_day,
)
from codes.alerts import Alert
from codes.finding import Rule

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
SLUGS = [slug for heading in re.findall(r"^### (.+)$", PAGE, re.MULTILINE) for slug in heading.split(", ")]
MODULES: tuple[ModuleType, ...] = (
    *(the_day, levels, rising, gaps, conduct, patterns, auditing),
    *(continuous, penalty, returns, sickness, leave, dual),
)
RULES = [rule for module in MODULES for rule in vars(module).values() if isinstance(rule, Rule)]


def test_every_heading_of_the_catalogue_is_one_kind_of_alert() -> None:
    assert len(SLUGS) == len(set(SLUGS))
    assert set(SLUGS) == set(Alert)


def test_no_two_rules_are_of_one_kind() -> None:
    assert len({rule.kind for rule in RULES}) == len(RULES) == len(Alert)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.kind))
def test_every_rule_is_in_the_catalogue_and_says_what_it_is_by_whom_and_what_closes_it(rule: Rule) -> None:
    assert rule.kind in SLUGS
    assert rule.says.endswith(".") and rule.closes_when.endswith(".") and rule.source


@pytest.mark.parametrize("section", re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:], ids=lambda each: each.split()[0])
def test_every_section_says_when_it_opens_and_closes_what_keeps_it_quiet_and_an_example(section: str) -> None:
    for row in ("says", "source", "inputs", "opens", "closes", "stays quiet", "may be set", "example"):
        assert re.search(rf"^\|.*\b{row}\b.*\|", section, re.MULTILINE), row


ACTS = PAGE.partition("## What people do about an alert")[2].partition("\n## ")[0]


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |\n"


def named(actions: frozenset[acts.Action]) -> str:
    return ", ".join(f"`{action}`" for action in sorted(actions))


@pytest.mark.parametrize("action", acts.Action)
def test_every_action_is_in_the_catalogue_with_what_it_means_who_says_so_and_whether_it_needs_a_note(
    action: acts.Action,
) -> None:
    says, source = acts.MEANS[action]
    note = "needed" if action in acts.NEEDS_NOTE else ""
    assert row(f"`{action}`", says.removesuffix("."), source, note) in ACTS


def test_which_act_ends_which_alert_and_how_far_is_what_the_catalogue_says() -> None:
    ended = [kind for kind in Alert if kind in acts.SETTLES or kind in acts.INFORMS]
    none: frozenset[acts.Action] = frozenset()
    table = "".join(
        row(f"`{kind}`", named(acts.SETTLES.get(kind, none)), named(acts.INFORMS.get(kind, none))) for kind in ended
    )
    assert row("kind", "ends it for good", "ends it as far as it goes") + row("---", "---", "---") + table in ACTS
