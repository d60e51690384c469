"""Skill reading: which SKILL.md a command reads, for clients whose models load skills with a shell.

    cat /shop/.agents/skills/page-component-mapper/SKILL.md        → that file
    sed -n 1,200p .agents/skills/x/SKILL.md && ls src              → that file, below the working directory
    bash -lc "cat a/SKILL.md"                                      → inside, too
    cat > x/SKILL.md <<EOF …    ls */SKILL.md    rg SKILL.md       → none: they write, list or search

A command is never run, only read, and only the words are looked at. Who reads several skills at once looks
them over: none of them can be said to be in use.

Source: research/clients.md section 11; requests of Codex 0.169.0.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

SKILL_FILE: Final = "SKILL.md"
COMMAND_CHARACTERS_MAX: Final = 20_000
"""A longer command is not looked at: who loads a skill says so in a few words."""
SHELLS_WITHIN: Final = 2
"""A shell that is told to run a shell that is told to run something."""

_READERS: Final = frozenset(("cat", "head", "tail", "sed", "less", "more", "bat", "batcat", "nl", "type"))
_SHELLS: Final = frozenset({"bash", "sh", "zsh", "dash"})
_SEPARATORS: Final = frozenset({";", "&&", "||", "|", "&", "\n"})
_WRITES: Final = frozenset({">", ">>", ">|", ">&", "&>", "&>>"})
_UNCLEAR: Final = re.compile(r"[*?\[\]{}$`]")


def skill_files_read(command: str, directory: str) -> list[str]:
    """The SKILL.md files that a shell command reads, as absolute paths, each once and in order.

    `directory` is where it runs, "" if that is not known: relative paths are then left out. A path that only
    a shell could work out (`~`, variables, patterns) is left out too.
    """
    if SKILL_FILE not in command or len(command) > COMMAND_CHARACTERS_MAX:
        return []
    return list(dict.fromkeys(_read_by(command, directory, SHELLS_WITHIN)))


def _read_by(command: str, directory: str, shells: int) -> Iterator[str]:
    for words in _simple_commands(command):
        program = posixpath.basename(words[0])
        if program == "cd" and len(words) > 1:
            directory = _joined(directory, words[1])
        elif program in _SHELLS and shells:
            for inner in _given_to_shell(words):
                yield from _read_by(inner, directory, shells - 1)
        elif program in _READERS and not (program == "sed" and any(w.startswith("-i") for w in words)):
            yield from _skill_paths(words[1:], directory)


def _simple_commands(command: str) -> Iterator[list[str]]:
    """The words of each simple command; what a command is fed with (`<<`) is no command."""
    lexer = shlex.shlex(command.partition("<<")[0], posix=True, punctuation_chars=";&|<>\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for token in lexer:
            if token not in _SEPARATORS and token.strip(";&|\n"):
                words.append(token)
                continue
            yield from [words] if words else []
            words = []
    except ValueError:  # an open quotation: what was whole before it counts
        return
    if words:
        yield words


def _given_to_shell(words: list[str]) -> Iterator[str]:
    """The command that a shell is given with `-c`, alone or among other letters."""
    for flag, given in pairwise(words[1:]):
        if flag.startswith("-") and not flag.startswith("--") and flag.endswith("c"):
            yield given
            return


def _skill_paths(words: list[str], directory: str) -> Iterator[str]:
    redirected = False
    for word in words:
        if redirected or word in _WRITES:
            redirected = not redirected
            continue
        if posixpath.basename(word) == SKILL_FILE and not word.startswith("~") and not _UNCLEAR.search(word):
            path = _joined(directory, word)
            if path:
                yield path


def _joined(directory: str, path: str) -> str:
    """The path below the directory; "" if that cannot be known."""
    if path.startswith("~") or _UNCLEAR.search(path):
        return ""
    whole = posixpath.join(directory, path)
    return posixpath.normpath(whole) if whole.startswith("/") else ""
