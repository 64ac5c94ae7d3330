"""The tree is as design and house style want it."""

import os
import re

from tests.support import tree

MOST_LINES = 400

# In pieces, so that this file does not accuse itself.
PACKAGE_HOSTS = re.compile(
    "|".join(["py" + r"pi\.org", "python" + r"hosted\.", "npm" + r"js\.", "index" + "-url", "find" + "-links"])
)
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:ro" + r"ot|ho" + r"me/\w|Us" + r"ers/\w|wo" + r"rk/|opt/py)|\.py" + "env")
MEASURES = re.compile("trace" + "malloc|ru_max" + "rss|perf_" + "counter|SIG" + "STOP")
ALONE = "pytest.mark" + ".alone"
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "misc"}


def faults(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in tree.texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_host() -> None:
    # The one that makes the locks says in so many words that no address is to be written into them.
    assert [fault for fault in faults(PACKAGE_HOSTS) if not fault.startswith("Makefile:")] == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert faults(MACHINE_PATHS) == []


def test_a_module_fits_a_sitting() -> None:
    long = {path.name: count for path in tree.modules() if (count := len(path.read_text().splitlines())) > MOST_LINES}
    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    paths = [path.relative_to(tree.ROOT) for path in tree.files()]
    assert [str(path) for path in paths if EMPTY_NAMES & {part.partition(".")[0] for part in path.parts}] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(tree.ROOT))
        for path in tree.modules()
        if "tests" not in path.relative_to(tree.ROOT).parts and not re.match(r"(?:#.*\n)*r?\"\"\"\S", path.read_text())
    ]
    assert silent == []


def test_every_decision_names_a_test_that_exists() -> None:
    for page in sorted((tree.ROOT / "docs" / "adr").glob("[0-9]*.md")):
        named = re.findall(r"(tests/[\w/]+\.py)(?:::(test_\w+))?", page.read_text())
        assert named, f"{page.name} names no test that guards it"
        for file, test in named:
            path = tree.ROOT / file
            assert path.is_file(), f"{page.name} names {file}, which does not exist"
            assert not test or f"def {test}(" in path.read_text(), f"{page.name} names {test}, which is not in {file}"


def test_the_build_server_runs_what_a_person_runs() -> None:
    script = tree.ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()


def test_what_one_step_of_make_test_leaves_out_another_runs() -> None:
    recipe = re.findall(r"^\t@\$\(bin\)/pytest (.+)$", (tree.ROOT / "Makefile").read_text(), re.M)
    law, beside, alone, asked_for, *_ = recipe
    assert re.findall(r"--ignore=(\S+)", " ".join(recipe)) == ["tests/codes"]
    assert "tests/codes" in law.split() and " -m " not in law
    assert re.findall(r'-m "([^"]+)"', beside) == ["not bench and not alone"]
    # No other file need be read.
    assert alone == f'-m alone $$(grep -rl --include="test_*.py" "{re.escape(ALONE)}" tests)'
    assert asked_for == "$(ARGS)"


def test_what_measures_time_or_memory_or_stops_a_process_runs_alone() -> None:
    tests = {path: path.read_text() for path in tree.modules() if path.match("tests/*/test_*.py")}
    measuring = [path for path, text in tests.items() if MEASURES.search(text) and "test_bench" not in path.name]
    assert len(measuring) > 4
    assert [path for path in measuring if ALONE not in tests[path]] == []


def test_sql_and_other_data_lie_beside_a_module_that_names_them() -> None:
    for path in tree.files():
        if path.suffix == ".sql" and "deploy/roles.sql" not in path.as_posix():
            assert path.with_suffix(".py").exists(), f"{path} stands beside no module of its name"
