"""What the OpenAPI documents say is what generated clients and validators make of them."""

from typing import Any

import pytest

from tests.support.contract import documents

SCHEMAS: dict[str, Any] = documents()[0]["components"]["schemas"]


@pytest.mark.parametrize(
    ("outcome", "member"), [("Outcome", "pupil"), ("PupilOutcome", "id"), ("RedactionOutcome", "of")]
)
def test_the_outcome_of_an_item_without_a_form_need_not_say_what_it_was_about(outcome: str, member: str) -> None:
    assert member in SCHEMAS[outcome]["properties"]
    assert member not in SCHEMAS[outcome]["required"]


def test_no_two_bodies_have_one_name() -> None:
    # They would be named after our modules, and a generated client would lose both.
    assert [name for document in documents() for name in document["components"]["schemas"] if "__" in name] == []


def test_history_is_sent_as_bytes() -> None:
    # A CSV may come in windows-1252, and a client streams what it has: a text in memory is neither.
    content = documents()[0]["paths"]["/v1/schools/{urn}/history"]["post"]["requestBody"]["content"]
    assert {kind: each["schema"]["format"] for kind, each in content.items()} == {
        "application/x-ndjson": "binary",
        "text/csv": "binary",
    }
