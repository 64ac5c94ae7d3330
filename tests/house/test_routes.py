"""Every route says who may call it; every failure is of a documented type; no address exists twice."""

import ast
import importlib
import re
from collections import Counter
from functools import cache
from types import ModuleType

import pytest
from fastapi import FastAPI

from codes.refusals import REFUSALS
from kit.catalogue import CATALOGUE
from kit.contract import gates
from kit.routing import routes
from kit.schools import AtSchool
from kit.tokens import SCOPES, authenticate
from tests.support import tree

SERVICES = ("register_api", "analytics_worker")
SHARED = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
"""What every service answers about itself, each at its own port: these are not at the public address."""


@cache
def service(name: str) -> tuple[ModuleType, FastAPI]:
    """Return the module of a service and its application, which needs no database to be looked at."""
    module = importlib.import_module(f"{name}.app")
    settings = getattr(module, "WorkerSettings" if name == "analytics_worker" else "IssuerSettings")
    return module, module.create_app(settings.model_construct(database_url="postgresql://nowhere", signing_key=None))


@pytest.mark.parametrize("name", SERVICES)
def test_the_routes_we_look_at_are_all_that_the_service_has(name: str) -> None:
    _, app = service(name)
    seen = {(route.path, method) for route in routes(app) for method in route.methods or ()}
    described = {(path, method.upper()) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert seen == described
    assert all(route.include_in_schema for route in routes(app))


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_says_who_may_call_it(name: str) -> None:
    module, app = service(name)
    open_to_all = {route.path for route in routes(app) if not gates(route)}
    assert open_to_all == set(module.PUBLIC) - {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_public_route_is_about_no_school(name: str) -> None:
    module, _ = service(name)
    assert [path for path in module.PUBLIC if "{urn}" in path or "{la_code}" in path or "schools" in path] == []


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_about_a_school_asks_for_reach(name: str) -> None:
    _, app = service(name)
    # The route that sets a school up asks for itself: reach may precede the school.
    alone = {("PUT", "/v1/schools/{urn}")}
    without = {
        (method, route.path)
        for route in routes(app)
        for method in route.methods or ()
        if "{urn}" in route.path and not any(isinstance(call, AtSchool) for call in gates(route))
    }
    assert without <= alone


@pytest.mark.parametrize("name", SERVICES)
def test_every_scope_that_is_asked_for_exists(name: str) -> None:
    _, app = service(name)
    asked = {call.scope for route in routes(app) for call in gates(route) if call is not authenticate}
    assert asked
    assert asked <= SCOPES


@pytest.mark.parametrize("name", SERVICES)
def test_what_writes_asks_for_a_scope_to_write(name: str) -> None:
    _, app = service(name)
    for route in routes(app):
        if {"POST", "PUT", "PATCH", "DELETE"}.intersection(route.methods or ()) and gates(route):
            scopes = [call.scope for call in gates(route) if call is not authenticate]
            assert scopes
            assert all(scope.endswith(":write") or scope == "admin" for scope in scopes), route.path


def test_no_path_exists_in_two_services() -> None:
    paths = Counter(path for name in SERVICES for path in {route.path for route in routes(service(name)[1])})
    assert {path for path, count in paths.items() if count > 1} <= SHARED


def sources() -> list[tuple[str, ast.Module]]:
    return [
        (path.relative_to(tree.ROOT).as_posix(), ast.parse(path.read_text()))
        for path in tree.modules()
        if path.relative_to(tree.ROOT).parts[0] in ("libs", "services")
    ]


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _slugs(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return _slugs(node.body) + _slugs(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_every_problem_that_is_raised_is_in_the_catalogue() -> None:
    raised = set()
    for name, module in sources():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and _called(node) in ("Problem", "Refused") and node.args:
                raised |= {(name, slug) for slug in _slugs(node.args[0])}
    assert len(raised) > 30
    assert {(name, slug) for name, slug in raised if slug not in CATALOGUE} == set()


def test_every_refusal_of_the_law_is_in_the_catalogue() -> None:
    assert set(REFUSALS) <= CATALOGUE.keys()


def test_every_problem_of_the_catalogue_is_raised_somewhere() -> None:
    said = {
        node.value
        for name, module in sources()
        if not name.endswith(("kit/catalogue.py", "codes/refusals.py"))
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert CATALOGUE.keys() - said == set()


def test_every_problem_has_a_slug_a_status_a_title_and_a_remedy() -> None:
    for slug, kind in CATALOGUE.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)
        assert 400 <= kind.status <= 599
        assert kind.title[0].isupper()
        assert not kind.title.endswith(".")
        assert kind.remedy[0].isupper()
        assert kind.remedy.endswith(".")
    assert len({kind.title for kind in CATALOGUE.values()}) == len(CATALOGUE)


def test_the_documented_problems_are_those_of_the_catalogue() -> None:
    page = (tree.ROOT / "docs" / "problems.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| (.+?) \| (.+?) \|$", page, re.M)
    assert {slug: (int(status), title, remedy) for slug, status, title, remedy in rows} == {
        slug: (kind.status, kind.title, kind.remedy) for slug, kind in CATALOGUE.items()
    }
    assert len(rows) == len(CATALOGUE)


# The clock is an argument: it is read where a process begins, and where elapsed time is measured and not recorded.
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
MAY_READ_A_CLOCK = ("libs/kit/service.py", "deploy/onebox/")


def test_no_source_reads_a_clock_but_the_service() -> None:
    found = set()
    for path in tree.modules():
        name = path.relative_to(tree.ROOT).as_posix()
        if not name.startswith(("libs/", "services/", "deploy/")) or name.startswith(MAY_READ_A_CLOCK):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
                if ast.unparse(node.value).rpartition(".")[2] in ("datetime", "date", "time"):
                    found.add(f"{name}:{node.lineno} {ast.unparse(node)}")
            elif isinstance(node, ast.ImportFrom) and node.module == "time":
                found |= {f"{name}:{node.lineno} {alias.name}" for alias in node.names if alias.name in CLOCKS}
    assert found == set()


def test_no_statement_reads_the_databases_clock() -> None:
    asks = re.compile(r"\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|current_date)\b", re.I)
    told = {
        f"{path.relative_to(tree.ROOT)}: {line.strip()}"
        for path in tree.files()
        if path.suffix == ".sql" and path.relative_to(tree.ROOT).parts[0] in ("libs", "services")
        for line in path.read_text().splitlines()
        if asks.search(re.sub(r"--.*|:now\b", "", line))
    }
    assert told == {"libs/kit/service.sql: SELECT clock_timestamp();"}
