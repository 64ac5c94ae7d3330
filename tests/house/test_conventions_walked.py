"""The conventions hold on every operation of both services, as their OpenAPI says."""

import re
from collections import Counter
from typing import Any

import pytest

from tests.support.contract import documents, operations

OPERATIONS = dict(operations())
ITEMS_WHOLE = {
    "GET /v1/checkpoints/keys": "There are as many as a log ever had keys.",
    "GET /v1/local-authorities/{la_code}/alerts/across-schools": "Few pupils of an authority meet it over two schools.",
    "GET /v1/trusts/{uid}/alerts/across-schools": "Few pupils of a trust meet it over two schools.",
    "GET /v1/schools/{urn}/alerts/across-schools": "Few pupils of a school meet it with another.",
    "GET /v1/codes": "The law has so many.",
    "GET /v1/deletion-grounds": "The law has so many.",
    "GET /v1/schools/{urn}/registers/{date}": "It is one day.",
    "GET /v1/schools/{urn}/registers/{date}/{session}": "It is one register.",
    "GET /v1/schools/{urn}/pupils/{id}/marks": "It is one pupil, and at most 400 days.",
}
"""Lists that are answered whole, each with why that is bounded; their `next` is null."""
NOT_SNAKE = re.compile(r"[^a-z0-9_]|^[0-9]")
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*|\{[a-z_]+\}|openapi\.json")


def answered(operation: dict[str, Any]) -> dict[str, Any]:
    """Give the content of the answer to what went well."""
    found = next(answer for status, answer in operation["responses"].items() if status[0] == "2")
    content: dict[str, Any] = found.get("content", {})
    return content


def document_of(name: str) -> dict[str, Any]:
    """Give the document that an operation stands in."""
    path = name.partition(" ")[2]
    return next(each for each in documents() if path in each["paths"])


def members(name: str) -> dict[str, Any]:
    """Give the members of the answer of an operation as JSON, by the schema that it names."""
    schema = answered(OPERATIONS[name]).get("application/json", {}).get("schema", {})
    document = document_of(name)
    found: dict[str, Any] = {}
    for ref in re.findall(r"#/components/schemas/(\w+)", str(schema)):
        found |= document["components"]["schemas"][ref].get("properties", {})
    return found


LISTS = sorted(name for name in OPERATIONS if name.startswith("GET") and "items" in members(name))


def parameters(name: str) -> set[str]:
    return {each["name"] for each in OPERATIONS[name].get("parameters", ())}


def test_there_are_operations_and_lists() -> None:
    assert len(OPERATIONS) >= 50
    assert len(LISTS) >= 20
    assert ITEMS_WHOLE.keys() <= set(LISTS)
    assert all(reason.endswith(".") for reason in ITEMS_WHOLE.values())


@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_items_and_next_and_comes_in_pages_or_is_bounded(name: str) -> None:
    assert {"items", "next"} <= members(name).keys()
    if name in ITEMS_WHOLE:
        assert not {"limit", "cursor"} & parameters(name)
        assert members(name)["next"]["type"] == "null"
    else:
        assert {"limit", "cursor"} <= parameters(name)
        limit = next(each["schema"] for each in OPERATIONS[name]["parameters"] if each["name"] == "limit")
        assert (limit["default"], limit["maximum"], limit["minimum"]) == (100, 1_000, 1)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_what_it_is_and_what_it_answers(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["tags"]
    assert operation["summary"]
    assert operation["description"]
    content = answered(operation)
    assert content
    if "application/json" in content:
        assert content["application/json"]["schema"].keys() <= {"$ref", "anyOf"}, "it answers a model"
    assert {"unknown-parameter", "invalid-parameter", "internal-error"} <= set(operation["x-problems"])


def test_no_two_operations_of_a_service_have_one_name() -> None:
    for document in documents():
        named = Counter(op["operationId"] for methods in document["paths"].values() for op in methods.values())
        assert named.most_common(1)[0][1] == 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_path_is_kebab_case_and_every_parameter_snake_case(name: str) -> None:
    path = name.partition(" ")[2]
    assert [part for part in path.split("/")[1:] if not KEBAB.fullmatch(part)] == []
    named = [each["name"] for each in OPERATIONS[name].get("parameters", ()) if each["in"] != "header"]
    assert [each for each in named if NOT_SNAKE.search(each)] == []


def test_every_member_is_snake_case() -> None:
    for document in documents():
        for name, schema in document["components"]["schemas"].items():
            assert [each for each in schema.get("properties", {}) if NOT_SNAKE.search(each)] == [], name


def test_every_object_of_an_answer_says_all_its_members() -> None:
    open_ended = {
        name
        for document in documents()
        for name, schema in document["components"]["schemas"].items()
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
    }
    # What an alert rests on has the members of its kind: docs/alerts.md has them, held against the rules.
    assert open_ended == {"Problem", "Fault", "Ready", "Evidence"}


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "requestBody" in OPERATIONS[name]])
def test_every_body_has_an_example(name: str) -> None:
    content = OPERATIONS[name]["requestBody"]["content"]
    kind, body = next(iter(content.items()))
    document = document_of(name)
    refs = re.findall(r"#/components/schemas/(\w+)", str(body["schema"]))
    examples = [document["components"]["schemas"][ref].get("examples") for ref in refs]
    assert body.get("example") or body.get("examples") or any(examples), kind
