"""Every example of the contract is what happens: requests are sent as they stand, and answers are those that came."""

import json
import os
import re
from typing import Any

import pytest

from tests.contract.story import STORY, Told, told
from tests.support import tree
from tests.support.contract import documents, operations
from tests.support.postgres import Database

WITHOUT = {
    "get_certificate": "It is a page to be printed.",
    "get_export": "It is an archive.",
    "readyz": "Its example would say how the machine fares that the tests run on.",
}
"""Operations without an example of their answer, each with its reason."""
UNSTEADY = {"get_reads"}
"""Operations whose answer is not twice the same: how often was looked whether the figures are there is told, too."""
HOME = {
    "register": tree.ROOT / "services/register-api/register_api/examples.json",
    "analytics": tree.ROOT / "services/analytics-worker/analytics_worker/examples.json",
}
ONE_OF_MANY = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "6f1c3a52-8c1e-4a58-9d0e-5b7f3f0a9c11"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "00112233445566778899aabbccddeeff"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), "eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl"),
    (re.compile(r"\b99[0-9]{4}\b"), "990001"),
    (re.compile(r"\bsandbox-[0-9a-f]{16}"), "sandbox-0011223344556677"),
    (re.compile(r"(?<=register\+)[0-9a-f]{8}\+\S+"), "00112233+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    (re.compile(r"(?<=\n)[\w+/]{43}=(?=\n)"), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    (re.compile(r"(?<=register )[\w+/]{80,}=*"), "ABEiM0RVZneImaq7zN3u/w" + "A" * 70 + "=="),
    (re.compile(r"http://\S+?(?=/)"), "https://rollbook.example"),
    # The clock moves with every request, and how often is asked whether the figures are there is not always the same.
    (re.compile(r"(?<=T\d\d:\d\d:)\d\d\.\d{6}(?=Z)"), "00.000000"),
)
"""What differs each time, and what stands for it in the examples."""
SECRET = "shown-once-when-the-client-was-added"
MOST = 2
"""Items that the example of a long list has."""


def settled(value: Any, name: str = "") -> Any:
    """Give an answer as an example: short, and the same each time."""
    if isinstance(value, dict):
        return {key: settled(each, key) for key, each in value.items()}
    if isinstance(value, list):
        items = [settled(each, name) for each in value]
        return items if len(items) <= 4 else sorted(items, key=json.dumps)[:MOST]
    if isinstance(value, str):
        if name == "client_secret":
            return SECRET
        for pattern, instead in ONE_OF_MANY:
            value = pattern.sub(instead, value)
    return value


@pytest.fixture(scope="module")
async def story(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give what every operation answered."""
    async with told(database, tmp_path_factory.mktemp("register")) as answers:
        yield answers


def test_the_story_has_every_operation() -> None:
    assert {each["operationId"] for _, each in operations()} == ({id_ for id_, _ in STORY} - {"sealed", "folded"}) | {
        "readyz",
        "metrics",
    }


def test_every_request_of_the_contract_is_answered_as_its_example_says(story: Told) -> None:
    examples = {
        id_: settled(answer.json()) if answer.headers["content-type"] == "application/json" else settled(answer.text)
        for id_, answer in story.answers.items()
        if id_ not in WITHOUT
    }
    # A stream's example is its first lines.
    examples["events"] = "".join(line + "\n" for line in examples["events"].splitlines()[:MOST])
    rooms = ("attendance", "alerts", "notices", "authorities", "trusts and authorities", "national")
    of_analytics = {each["operationId"] for _, each in operations() if each["tags"][0] in rooms}
    of_both = {"healthz": examples["healthz"]}
    for service, path in HOME.items():
        mine = of_both | {
            id_: each for id_, each in examples.items() if (id_ in of_analytics) == (service == "analytics")
        }
        text = json.dumps(mine, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        if os.environ.get("ROLLBOOK_RENEW_OPENAPI"):
            path.write_text(text)
            documents.cache_clear()
        kept = json.loads(path.read_text())
        assert kept.keys() == mine.keys(), "`make openapi` writes the examples anew"
        for id_ in kept.keys() - UNSTEADY:
            assert kept[id_] == mine[id_], f"`make openapi` writes the example of {id_} anew"


def test_what_was_asked_for_was_done(story: Told) -> None:
    done = {id_: answer.json() for id_, answer in story.answers.items() if "outcomes" in answer.text}
    for body in done.values():
        assert body.get("refused", 0) == 0, body
    assert done["enter_marks"]["entered"] == 3
    assert done["amend"]["amended"] == 1
    assert (done["enter_history"]["entered"], done["enter_history"]["amended"]) == (1, 1)
    assert done["take_attendance"]["entered"] == 1
    assert done["redact"]["redacted"] == 1


def test_every_operation_has_an_example_of_its_answer_or_says_why_not() -> None:
    without = set()
    for _, operation in operations():
        answer = next(each for status, each in operation["responses"].items() if status[0] == "2")
        if not any("example" in each for each in answer["content"].values()):
            without.add(operation["operationId"])
    assert without == WITHOUT.keys()
    assert all(reason.endswith(".") for reason in WITHOUT.values())
