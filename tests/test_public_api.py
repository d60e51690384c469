"""The public API: a dozen names that a program may rely on."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import tierwise

NAMES = """
    Decision Gauge Ladder Question Routing Settings Skill Tier TierwiseError Zone __version__ decide skill_of
""".split()


def as_seen_by_type_checkers() -> dict[str, str]:
    """Name → module, from the imports that only a type checker reads."""
    tree = ast.parse(Path(tierwise.__file__).read_text("utf-8"))
    branch = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in branch.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


def imported_by(statement: str) -> dict[str, list[str]]:
    """The modules that a statement loads in a fresh interpreter, and the files that it opens."""
    program = (
        "import json, sys\n"
        "before, opened = set(sys.modules), []\n"
        "sys.addaudithook(lambda event, of: opened.append(str(of[0])) if event == 'open' else None)\n"
        f"{statement}\n"
        "files = list(opened)\n"
        "print(json.dumps({'modules': sorted(set(sys.modules) - before), 'files': files}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_what_is_public_is_exactly_this_and_sorted() -> None:
    assert tierwise.__all__ == sorted(NAMES)
    assert dir(tierwise) == sorted(NAMES)


@pytest.mark.parametrize(("name", "home"), sorted(as_seen_by_type_checkers().items()))
def test_python_finds_each_name_where_a_type_checker_does(name: str, home: str) -> None:
    assert getattr(tierwise, name) is getattr(importlib.import_module(home), name)


def test_a_type_checker_sees_every_public_name() -> None:
    assert {*as_seen_by_type_checkers(), "__version__"} == set(NAMES)


def test_a_star_import_brings_the_public_names_and_nothing_else() -> None:
    found: dict[str, object] = {}
    exec("from tierwise import *", found)
    assert sorted(set(found) - {"__builtins__"}) == sorted(NAMES)


def test_the_version_is_that_of_the_installed_package() -> None:
    assert tierwise.__version__ == version("tierwise")


def test_any_other_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tierwise' has no attribute 'decided'"):
        tierwise.decided  # noqa: B018


def test_the_example_in_the_docstring_is_true() -> None:
    assert doctest.testmod(tierwise) == doctest.TestResults(failed=0, attempted=5)


def test_importing_the_package_loads_nothing_but_itself_and_the_standard_library() -> None:
    modules = imported_by("import tierwise")["modules"]
    assert [name for name in modules if name.split(".")[0] not in sys.stdlib_module_names] == ["tierwise"]


def test_importing_the_package_opens_no_file_but_modules() -> None:
    files = imported_by("import tierwise")["files"]
    assert files
    assert [name for name in files if Path(name).suffix not in (".py", ".pyc")] == []


def test_deciding_needs_no_command_line_no_database_and_no_http() -> None:
    modules = imported_by("from tierwise import *")["modules"]
    assert "tierwise.core.decide" in modules
    assert not {"click", "rich", "apsw", "aiohttp", "uvicorn", "ruamel", "msgspec"} & set(modules)
