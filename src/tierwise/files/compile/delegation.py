"""Delegation: what is said to an agent that carries out a skill, and to a client that is to start it.

Codex and opencode give a model to an agent, never to a skill. So the agent reads the skill's own file, as
either client does with any skill: nothing is copied, and what the author changes counts at once.

Source: research/clients.md sections 11 and 12.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Final

from tierwise.files.compile.artifacts import Source
from tierwise.files.marks import way

MAX_DESCRIPTION_CHARACTERS: Final = 1024
_WIDTH: Final = 110


def instructions(source: Source, root: Path, name: str) -> str:
    """What the agent is told. Paths are relative to `root`, in which the client works."""
    file, folder = way(root, source.file.path), way(root, source.file.folder)
    what = f"You carry out the {source.kind} `{source.name}` for another agent."
    how = (
        f"Read its instructions in `{file}` first, then do what they say. Files that they name lie in "
        f"`{folder}`. Both paths are relative to the root of the project."
    )
    alone = f"Do the work yourself: do not start the agent `{name}`, and load no skill of that name."
    end = "Your last message is all that your caller gets to see."
    return "\n\n".join(
        textwrap.fill(text, _WIDTH, break_long_words=False) for text in (what, how, alone, end)
    )


def agent_description(source: Source, description: str) -> str:
    """When to start the agent: the skill's own words, and that it is to be preferred to the skill itself."""
    assert source.aim is not None, "only what is declared is compiled"
    lead = f"Carries out the {source.kind} `{source.name}` on {source.aim.tier}"
    if source.kind == "skill":
        lead += "; start it instead of loading the skill"
    return clipped(f"{lead}. {description}".strip())


def clipped(text: str) -> str:
    """A description of one line, not longer than clients take."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_DESCRIPTION_CHARACTERS else line[: MAX_DESCRIPTION_CHARACTERS - 1] + "…"
