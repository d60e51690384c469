"""The previous status line: the user's own, which ours took the place of, shown in front of it.

    $TIERWISE_HOME/statusline.json    {"previous": {"/home/me/.claude/settings.json": {"command": "…"}}}

`tierwise connect` writes that file. The command gets the same stdin, and runs while the gateway is asked. Its
time and its output are bounded, and whatever goes wrong with it, our line is still there.

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

import os
import time

from tierwise.statusline.asking import file_at, home_dir, left, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    import threading

    from tierwise.statusline.asking import Object

WITHIN_S = 2.0
ENDS_WITHIN_S = 0.2
MAX_BYTES = 16 * 1024
KEPT = "statusline.json"
NESTED = "TIERWISE_STATUSLINE_NESTED"
"""Set for the user's own: one that calls ours again must not go round in circles."""


class Previous:
    """The user's own status line, begun at once; nothing where there is none."""

    def __init__(self, said: Object, raw: bytes) -> None:
        self._until = time.monotonic() + WITHIN_S
        self._output = b""
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        command = "" if os.environ.get(NESTED) else previous_command(said)
        if command:
            self._begin(command, raw)

    def _begin(self, command: str, raw: bytes) -> None:
        import subprocess
        import threading

        try:
            process = self._process = subprocess.Popen(  # noqa: S602  the user's own; his client ran it so
                command,
                shell=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, NESTED: "1"},
                start_new_session=os.name == "posix",
            )
        except (OSError, ValueError):
            return
        threading.Thread(target=_feed, args=(process, raw), daemon=True).start()
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None, "it is a pipe"
        while len(self._output) < MAX_BYTES:
            part = os.read(process.stdout.fileno(), 4_096)
            if not part:
                break
            self._output += part

    def output(self) -> str:
        """What it printed in its time, cut to its size; "" without one. It does not outlive us."""
        if self._process is None or self._reader is None:
            return ""
        self._reader.join(left(self._until))
        _end(self._process)
        return self._output[:MAX_BYTES].decode(errors="replace")


def _feed(process: subprocess.Popen[bytes], raw: bytes) -> None:
    assert process.stdin is not None, "it is a pipe"
    try:
        process.stdin.write(raw)
        process.stdin.close()
    except OSError:  # it does not listen
        return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, with everything that it began."""
    import signal
    import subprocess

    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        try:
            os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
        except OSError:
            return


def previous_command(said: Object) -> str:
    """The command of the user's own status line; "" if there is none.

    Of the settings that were connected those count that are strongest for this client: a project's, then the
    user's. Where only a project was connected, its line hides the one in the user's settings.
    """
    kept = table(file_at(os.path.join(home_dir(), KEPT)), "previous")
    *projects, own = [os.path.join(folder, "settings.json") for folder in _settings_folders(said)]
    for path in (*projects, own):
        found = table(kept, path).get("command")
        if isinstance(found, str) and found.strip():
            return found
    if any(_is_ours(_command_in(path)) for path in projects):
        hidden = _command_in(own)
        return "" if _is_ours(hidden) else hidden
    return ""


def _command_in(path: str) -> str:
    found = table(file_at(path), "statusLine").get("command")
    return found if isinstance(found, str) else ""


def _is_ours(command: str) -> bool:
    return "tierwise" in command and command.rstrip().endswith("statusline")


def _settings_folders(said: Object) -> list[str]:
    workspace = table(said, "workspace")
    places = (workspace.get("project_dir"), workspace.get("current_dir"), said.get("cwd"))
    projects = [os.path.join(place, ".claude") for place in places if isinstance(place, str) and place]
    own = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.join("~", ".claude")
    return [os.path.abspath(os.path.expanduser(folder)) for folder in (*projects, own)]
