"""Natives: what Claude Code has by name, found from the folder that a session works in.

    agent    reviewer     .claude/agents/**/*.md whose `name:` says so
    skill    mapper       .claude/skills/mapper/SKILL.md
    twin     mapper, haiku   .claude/skills/mapper-on-haiku/SKILL.md that was made for it (`tierwise compile`)

Looked for in the folder, in those above it, and in the roots that are a person's own agents or skills, the
nearest first. The folder is a client's word: nothing outside the allowed roots is opened. What is found is
kept, and read again only when the file or its folder has changed. What comes with a plugin is not found.

Source: research/clients.md sections 4 and 5; rules.md section 5 (trust).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from tierwise.core.tiers import Ladder
from tierwise.files.frontmatter import read_page
from tierwise.files.homes import METADATA_PREFIX, TWIN_OF
from tierwise.files.nodes import Node, read_text
from tierwise.files.skill_files import SKILL_FILE, SkillFile, read_skill
from tierwise.files.tier_words import TierOfModel
from tierwise.router.shelf import Shelf, Signature, signature_of

MAX_FOLDERS: Final = 24
"""So far upwards is looked."""
MAX_AGENT_FILES: Final = 500
MAX_KEPT: Final = 512
MAX_NAME_CHARACTERS: Final = 128
CLIENT_FOLDER: Final = ".claude"
DEFAULT_AGENT: Final = "general-purpose"
"""What an agent or a fork is that nobody says the type of."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_NOTHING: Final = Node(None, 0)


class Natives:
    """Agents, skills and twins by name; of at most `MAX_KEPT` files, the longest unused given up first."""

    def __init__(self, shelf: Shelf, tier_of_model: TierOfModel) -> None:
        self._shelf = shelf
        self._tier_of_model = tier_of_model
        self._agents: OrderedDict[tuple[Path, Ladder], tuple[Signature, SkillFile]] = OrderedDict()
        self._heads: OrderedDict[Path, tuple[Signature, Node | None]] = OrderedDict()

    def agent(self, name: str, cwd: str) -> Path | None:
        """The file of the agent of that name; None if none is found."""
        if not _is_name(name):
            return None
        found = (file for folder in self._folders(cwd, "agents") for file in _pages(folder, name))
        return next((file for file in islice(found, MAX_AGENT_FILES) if self._is_agent(file, name)), None)

    def agent_at(self, file: Path, ladder: Ladder) -> SkillFile:
        """What an agent's file says, on this ladder; never raises."""
        key, now = (file, ladder), signature_of((file,))
        known = self._agents.get(key)
        if known is None or known[0] != now:
            known = now, read_skill(file, ladder, self._tier_of_model)
        _keep(self._agents, key, known)
        return known[1]

    def skills_of(self, file: Path) -> tuple[str, ...]:
        """The names under an agent's `skills:`, which the client loads with it."""
        said = self._head(file, "skills")
        names = [item.text for item in said.items] or said.text.split(",")
        return tuple(name.strip() for name in names if name.strip())

    def model_of(self, file: Path) -> str:
        """The plain word under `model:`, which the client itself obeys; "" for a mapping, or none."""
        return self._head(file, "model").text.strip()

    def skill(self, name: str, cwd: str) -> Path | None:
        """The folder of the skill of that name; None if none is found."""
        if not _is_name(name):
            return None
        folders = (folder / name for folder in self._folders(cwd, "skills"))
        return next((folder for folder in folders if self._shelf.allows(str(folder)) and _has(folder)), None)

    def fork(self, skill: Path) -> str | None:
        """The type of the agent that the skill runs in, if it is a fork; None if it is not."""
        file = skill / SKILL_FILE
        if self._head(file, "context").text != "fork":
            return None
        return self._head(file, "agent").text.strip() or DEFAULT_AGENT

    def twin(self, skill: Path, name: str, tier: str) -> str | None:
        """The name of the fork that was made of the skill for that tier; None if there is none."""
        twin = f"{name}-on-{tier}"
        file = skill.with_name(twin) / SKILL_FILE
        if not self._shelf.allows(str(file.parent)) or not _has(file.parent):
            return None
        made_of = self._head(file, "metadata").entries.get(METADATA_PREFIX + TWIN_OF)
        is_made = made_of is not None and made_of.node.text == name
        return twin if is_made and self.fork(file.parent) is not None else None

    def _folders(self, cwd: str, kind: str) -> Iterator[Path]:
        """The allowed folders that may hold agents or skills, the nearest first."""
        here = Path(cwd)
        if cwd and "\0" not in cwd and here.is_absolute():
            for folder in islice((here, *here.parents), MAX_FOLDERS):
                if self._shelf.holds(folder / CLIENT_FOLDER / kind):
                    yield folder / CLIENT_FOLDER / kind
        yield from (root for root in self._shelf.roots if root.name == kind)

    def _is_agent(self, file: Path, name: str) -> bool:
        return self._shelf.holds(file) and (self._head(file, "name").text.strip() or file.stem) == name

    def _head(self, file: Path, key: str) -> Node:
        """What the frontmatter says under a key."""
        now, known = signature_of((file,)), self._heads.get(file)
        if known is None or known[0] != now:
            text, _ = read_text(file)
            known = now, read_page(text, str(file))[0].head if text is not None else None
        _keep(self._heads, file, known)
        entry = known[1].entries.get(key) if known[1] is not None else None
        return entry.node if entry is not None else _NOTHING


def _is_name(name: str) -> bool:
    """Whether this can name a file: a plugin's (`plugin:name`) does not lie where we look."""
    return 0 < len(name) <= MAX_NAME_CHARACTERS and not set(name) & set("/\\:\0") and name not in (".", "..")


def _has(folder: Path) -> bool:
    try:
        return (folder / SKILL_FILE).is_file()
    except (OSError, ValueError):
        return False


def _pages(folder: Path, name: str) -> Iterator[Path]:
    """The pages of a folder, the one that is called after the agent first."""
    try:
        likely = folder / f"{name}.md"
        if likely.is_file():
            yield likely
        yield from sorted(islice(folder.glob("**/*.md"), MAX_AGENT_FILES))
    except (OSError, ValueError):
        return


def _keep(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > MAX_KEPT:
        kept.popitem(last=False)
