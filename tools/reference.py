"""Writes docs/reference from the code: a page can then say nothing that the code does not.

    python tools/reference.py              write the pages, say which have changed
    python tools/reference.py --check      change nothing; exit 1 and show the difference if a page is stale
    … --into FOLDER                        another folder than docs/reference

A page is a function in `PAGES`; the words come from docstrings, tables and schemas of the package. What
cannot be imported fails here: a page is never left out quietly. The output is the same for the same code,
byte for byte.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from reference_examples import DAY, QUESTIONS, RECORD
from reference_markdown import claim, fenced, joined, prose, rest, shown, sourceless, table, undrawn

import tierwise
from tierwise.catalog.models import load_catalog
from tierwise.cli import main as command_line
from tierwise.core import cascade, decide, records, zones
from tierwise.core.ledger import Execution
from tierwise.core.tiers import BUILT_IN
from tierwise.files import config as configuration
from tierwise.files import config_trust, finding_rules
from tierwise.files.config_keys import BLOCK, BUDGET, KEYS, KeyInfo, taken_by
from tierwise.files.config_sources import PROJECT_FILES, USER_FILE
from tierwise.files.preferences import FOLDER, NAMES
from tierwise.router import answers, asking
from tierwise.router.question_form import QuestionIn

REFERENCE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE: Final = "<!-- Written by tools/reference.py. Change the code, then run `make docs`. -->"
WIDTH: Final = 100
DIFF_LINES_SHOWN: Final = 20


# -- the command line --------------------------------------------------------------------------------------


def cli() -> str:
    """Every command with what its `--help` says."""
    root = command_line.make_context(
        "tierwise", [], resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
    )
    return joined(
        *(f"## {each.command_path}\n\n{fenced(each.get_help())}" for each in (root, *_subcommands(root)))
    )


def _subcommands(context: click.Context) -> Iterator[click.Context]:
    group = context.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command, f"`{name}` is listed and missing"
        below = command.make_context(name, [], parent=context, resilient_parsing=True)
        yield below
        yield from _subcommands(below)


# -- deciding ----------------------------------------------------------------------------------------------


def rules() -> str:
    """Which rules speak, in which order, and what a budget does as it fills."""
    return joined(
        rest(decide),
        "## The rules, weakest first",
        table(
            ("#", "rule", "what it does"),
            ((str(n), f"`{name}`", claim(rule)) for n, (name, rule) in enumerate(decide.RULES.items(), 1)),
        ),
        "## Zones",
        undrawn(zones),
        table(("zone", "begins at this share of the limit"), _edges()),
        "## The cascade",
        undrawn(cascade),
        table(("zone", *cascade.Work), _ceilings()),
        ON_RED_HIGH,
    )


ON_RED_HIGH: Final = (
    "Work of high demand is asked for in red before it is lowered: `on_red_high` says what holds until then."
)


def _edges() -> Iterator[tuple[str, str]]:
    edges = zones.DEFAULT_THRESHOLDS
    begins = {
        zones.Zone.GREEN: 0.0,
        zones.Zone.YELLOW: edges.yellow,
        zones.Zone.RED: edges.red,
        zones.Zone.EXHAUSTED: 1.0,
    }
    for zone, share in begins.items():
        yield f"`{zone}`", f"{share:.2f}"


def _ceilings() -> Iterator[list[str]]:
    for zone, ceilings in cascade.CEILINGS.items():
        yield [f"`{zone}`", *(ceilings[work] for work in cascade.Work)]


def route() -> str:
    """What `tierwise route` reads and writes: a question and its answer, one JSON object a line."""
    _, parts = msgspec.json.schema_components((QuestionIn,))
    forms = {name: form for name, form in parts.items() if "properties" in form}
    sections = [_form(name, form, parts) for name, form in forms.items()]
    return joined(rest(asking), *sections, "## Answer", rest(answers), "## Examples", *_examples())


def _form(name: str, form: dict[str, Any], parts: dict[str, Any]) -> str:
    rows = (
        (f"`{key}`", _kind(value, parts), shown(value["default"]) if "default" in value else "required")
        for key, value in form["properties"].items()
    )
    head = f"## {_title(name)}\n\n{sourceless(form['description'])}"
    return f"{head}\n\n{table(('field', 'type', 'default'), rows)}"


def _title(name: str) -> str:
    """`BudgetIn` → "Budget"."""
    return name.removesuffix("In")


def _kind(schema: dict[str, Any], parts: dict[str, Any]) -> str:
    """The type of a value in words, from its JSON schema."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        linked = "properties" in parts[name]
        return f"[{_title(name)}](#{_title(name).lower()})" if linked else _kind(parts[name], parts)
    if "anyOf" in schema:
        return " or ".join(_kind(each, parts) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(shown(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'], parts)}"
    if schema.get("type") == "object":
        return f"mapping to {_kind(schema['additionalProperties'], parts)}"
    return str(schema.get("type", "any JSON"))


def _examples() -> Iterator[str]:
    """Questions with what they are answered, at the built-in prices of one day."""
    asker = asking.Asker(load_catalog(), DAY)
    for question in QUESTIONS:
        answer = asker.answer(json.dumps(question))
        yield "Asked, and answered:"
        yield fenced(f"{_spread(question)}\n\n{_spread(answer)}", "json")


def _spread(value: dict[str, Any]) -> str:
    """The object over several lines: a key on each, and an object of a list on each."""
    lines = (f"{json.dumps(key)}: {_item(each)}" for key, each in value.items())
    return "{" + ",\n ".join(lines) + "}"


def _item(value: object) -> str:
    if isinstance(value, list) and len(value) > 1:
        return "[\n   " + ",\n   ".join(json.dumps(each, ensure_ascii=False) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


# -- files and records -------------------------------------------------------------------------------------


COLUMNS: Final = ("key", "meaning", "takes", "default")


def config() -> str:
    """Every key of the files that say how to route, what it takes, and what holds without it."""
    built_in = {entry.key: entry.value for entry in configuration.merge([]).entries}
    rows = (
        (*_key_row(name, info, _plainly(built_in.get(name))), config_trust.restraint_on(name).words)
        for name, info in KEYS.items()
    )
    files = (
        ("user", f"`{FOLDER}/{NAMES[0]}` in the home folder, of GSD"),
        ("user", f"`{USER_FILE}` in tierwise's folder"),
        *((of, f"`{file}`") for file, of in PROJECT_FILES if Path(file).name not in NAMES[1:]),
    )
    return joined(
        rest(configuration),
        table(("source, weakest first", "file"), files),
        "## Who may say what",
        rest(config_trust),
        "## Keys",
        "`<tier>`, `<platform>`, `<skill>` and `<phase>` stand for any name.",
        table((*COLUMNS, "what a project may not"), rows),
        "## A skill's block",
        "Below `model:` or, flat, `metadata:` of its frontmatter, or in routing.yaml beside SKILL.md.",
        table(COLUMNS, (_key_row(key, info) for key, info in BLOCK.items())),
        "## A budget",
        "In budgets.yaml, below the budget's name.",
        table(COLUMNS, (_key_row(key, info) for key, info in BUDGET.items())),
    )


def _key_row(key: str, info: KeyInfo, built_in: str = "") -> tuple[str, str, str, str]:
    return f"`{key}`", info.meaning, taken_by(info, BUILT_IN), built_in or info.default


def _plainly(value: object) -> str:
    if value is None or value == ():
        return ""
    return f"`{value}`"


def findings() -> str:
    """The kinds of mistakes that are found in files, by the word that `--json` gives for each."""
    rows = ((f"`{rule}`", meaning) for rule, meaning in finding_rules.RULES.items())
    return joined(rest(finding_rules), table(("rule", "meaning"), rows))


def record() -> str:
    """What is written down of every call, as JSON."""
    silent: dict[str, Any] = {
        each.name: None for each in fields(Execution) if str(each.type).endswith("None")
    }
    silent["if_nanousd"] = tuple((tier, None) for tier, _ in RECORD.if_nanousd)
    bare = dict(_leaves(records.as_json(replace(RECORD, **silent))))
    rows = (
        (f"`{key}`", f"{_json_type(value)}{' or null' if bare.get(key, value) is None else ''}", shown(value))
        for key, value in _leaves(records.as_json(RECORD))
    )
    return joined(rest(records, 1), rest(Execution), table(("key", "type", "such as"), rows))


def _leaves(value: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value that is no object, under its dotted key; of a list's objects the first."""
    for key, each in value.items():
        if isinstance(each, dict):
            yield from _leaves(each, f"{prefix}{key}.")
        elif isinstance(each, list) and each and isinstance(each[0], dict):
            yield from _leaves(each[0], f"{prefix}{key}[].")
        else:
            yield f"{prefix}{key}", each


def _json_type(value: object) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "list"}
    return names[type(value)]


# -- the library -------------------------------------------------------------------------------------------


def api() -> str:
    """The names that a Python program may rely on."""
    names = [name for name in tierwise.__all__ if not name.startswith("_")]
    return joined(rest(tierwise), *(_public(name, getattr(tierwise, name)) for name in names))


def _public(name: str, value: Callable[..., object]) -> str:
    source = inspect.getsource(value)
    node = ast.parse(source).body[0]
    lines = source.splitlines()
    if isinstance(node, ast.FunctionDef):
        return f"## {name}\n\n{fenced(_head(node, lines), 'python')}\n\n{prose(value)}"
    assert isinstance(node, ast.ClassDef)
    declared = [_head(node, lines), *_declarations(node, lines)]
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name[0] != "_"]
    told = "\n".join(f"* `{_call(each)}`: {claim(getattr(value, each.name))}" for each in methods)
    return joined(f"## {name}", fenced("\n".join(declared), "python"), prose(value), told)


def _head(node: ast.FunctionDef | ast.ClassDef, lines: list[str]) -> str:
    """The lines from `def` or `class` up to the docstring."""
    return "\n".join(lines[node.lineno - 1 : node.body[0].lineno - 1])


def _declarations(node: ast.ClassDef, lines: list[str]) -> Iterator[str]:
    """The fields and members of a class, as they stand there."""
    for each in node.body:
        if isinstance(each, ast.AnnAssign | ast.Assign) and not ast.unparse(each).startswith("_"):
            yield from lines[each.lineno - 1 : each.end_lineno]


def _call(method: ast.FunctionDef) -> str:
    """How the method or property is used: its name, and what it takes."""
    if any(isinstance(each, ast.Name) and each.id == "property" for each in method.decorator_list):
        return f".{method.name}"
    taken = ", ".join(each.arg for each in method.args.args[1:])
    return f".{method.name}({taken})"


# -- writing and checking ----------------------------------------------------------------------------------

PAGES: Final[dict[str, tuple[str, Callable[[], str]]]] = {
    "cli.md": ("The command line", cli),
    "rules.md": ("How a tier is chosen", rules),
    "config.md": ("Configuration", config),
    "findings.md": ("Findings", findings),
    "route.md": ("Questions and answers", route),
    "records.md": ("Execution records", record),
    "api.md": ("The library", api),
}
"""File → title and the function whose docstring is the lead and whose answer is the rest of the page."""


def written() -> dict[str, str]:
    """Every page by its file name."""
    return {
        name: joined(f"# {title}", NOTE, claim(page), page()) + "\n" for name, (title, page) in PAGES.items()
    }


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check only compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--into", type=Path, default=REFERENCE)
    asked = parser.parse_args(arguments)
    pages = written()
    if asked.check:
        return check(pages, asked.into)
    asked.into.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        if _present(asked.into / name) != text:
            (asked.into / name).write_text(text, "utf-8")
            print(f"{name} written")
    return 0


def check(pages: dict[str, str], folder: Path) -> int:
    """0 if the folder holds these pages and no others; else 1, after showing what differs."""
    stale = 0
    for name, text in pages.items():
        present = _present(folder / name)
        if present != text:
            stale += 1
            print(f"{name} is stale; run `make docs`")
            print(_difference(present, text))
    for extra in sorted(path.name for path in folder.glob("*.md") if path.name not in pages):
        stale += 1
        print(f"{extra} is no page of the reference; delete it")
    return 1 if stale else 0


def _present(path: Path) -> str:
    """What the file holds, "" if there is none."""
    return path.read_text("utf-8") if path.exists() else ""


def _difference(before: str, after: str) -> str:
    """The first changed lines."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), "file", "code", "", "", 0, ""))
    rest = len(lines) - DIFF_LINES_SHOWN
    more = [f"… and {rest} lines more"] if rest > 0 else []
    return "\n".join(f"    {line}" for line in (*lines[:DIFF_LINES_SHOWN], *more))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
