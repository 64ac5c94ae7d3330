"""The contract is valid OpenAPI 3.1 and is what docs/openapi says; version 1 only adds to it."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support import tree
from tests.support.contract import documents

NAMES = ("register-api", "analytics")
RENEWED = "make openapi"
"""What writes the frozen files anew."""


def written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def frozen(name: str) -> Any:
    return json.loads((tree.ROOT / "docs/openapi" / f"{name}.json").read_text())


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def document(name: str) -> dict[str, Any]:
    return documents()[NAMES.index(name)]


def test_the_document_is_valid(name: str) -> None:
    assert document(name)["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document(name)).validate()


def test_the_document_is_the_frozen_one(name: str) -> None:
    path = tree.ROOT / "docs/openapi" / f"{name}.json"
    if os.environ.get("ROLLBOOK_RENEW_OPENAPI"):
        # To take something away all the same, delete the file first.
        assert not path.exists() or list(taken_away(frozen(name), document(name))) == []
        path.write_text(written(document(name)))
    assert path.read_text() == written(document(name)), f"`{RENEWED}` writes {path.name} anew; say so in CHANGELOG.md"


def taken_away(before: Any, after: Any) -> Iterator[str]:
    """Give what a document lacks that one before it had, and what it asks for that was not asked for."""
    for path, methods in before["paths"].items():
        for method, operation in methods.items():
            where = f"{method.upper()} {path}"
            still = after["paths"].get(path, {}).get(method)
            if still is None:
                yield where
                continue
            had, has = ({each["name"]: each for each in each.get("parameters", ())} for each in (operation, still))
            yield from (f"{where} ?{each}" for each in had.keys() - has.keys())
            yield from (f"{where} ?{each} is required" for each in has if required(has, each) > required(had, each))
            yield from (f"{where} {each}" for each in operation["responses"].keys() - still["responses"].keys())
    for name, schema in before["components"]["schemas"].items():
        now = after["components"]["schemas"].get(name)
        if now is None:
            yield name
            continue
        yield from (f"{name}.{each}" for each in schema.get("properties", {}).keys() - now.get("properties", {}).keys())
        yield from (f"{name} lacks {each}" for each in set(schema.get("enum", ())) - set(now.get("enum", ())))
        if is_sent(before, name):
            newly = set(now.get("required", ())) - set(schema.get("required", ()))
            yield from (f"{name}.{each} is required" for each in newly)
        else:
            no_more = set(schema.get("required", ())) - set(now.get("required", ()))
            yield from (f"{name}.{each} may be missing" for each in no_more)


def required(parameters: dict[str, Any], name: str) -> bool:
    return bool(parameters.get(name, {}).get("required"))


def is_sent(document: dict[str, Any], name: str) -> bool:
    """Say whether a schema is of something that callers send."""
    bodies = json.dumps([op.get("requestBody") for methods in document["paths"].values() for op in methods.values()])
    found, waiting = {""}, [bodies]
    while waiting:
        text = waiting.pop()
        for other in document["components"]["schemas"]:
            if other not in found and f'"#/components/schemas/{other}"' in text:
                found.add(other)
                waiting.append(json.dumps(document["components"]["schemas"][other]))
    return name in found


def test_version_1_only_adds(name: str) -> None:
    assert list(taken_away(frozen(name), document(name))) == []


@pytest.mark.parametrize("losing", ["path", "member", "choice", "certainty"])
def test_what_is_taken_away_is_seen(losing: str) -> None:
    after = frozen("register-api")
    schemas = after["components"]["schemas"]
    if losing == "path":
        del after["paths"]["/v1/me"]
    elif losing == "member":
        del schemas["Outcome"]["properties"]["seq"]
    elif losing == "choice":
        schemas["MarkItem"]["required"].append("nature")
    else:
        schemas["RegisterItem"]["required"].remove("entry")
    assert len(list(taken_away(frozen("register-api"), after))) == 1
