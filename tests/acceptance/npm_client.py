"""Clients from npm: installed once, at a pinned version, into a folder of the repository's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from threading import Timer

import pytest

REPOSITORY = Path(__file__).parents[2]
INSTALL_S = 600
RUN_S = 90


@dataclass(frozen=True)
class NpmClient:
    """A client as npm has it. `script` is what installs its binary, where npm is told to run no scripts.

    `said` is what `--version` begins with; `beside` are packages that the client needs and does not bring.
    """

    package: str
    version: str
    command: str
    said: str
    script: str = ""
    beside: tuple[str, ...] = ()

    @property
    def spec(self) -> str:
        """The package at its version, as npm and people call it."""
        return f"{self.package}@{self.version}"

    @property
    def home(self) -> Path:
        """The folder that it is installed in."""
        cache = Path(os.environ.get("TIERWISE_CACHE", REPOSITORY / ".cache" / "clients"))
        return cache / f"{self.package.rpartition('/')[2]}-{self.version}"

    def installed(self) -> Path:
        """Its binary, from the cache or freshly from npm; the test fails if it cannot be had.

        Of several who want it at once, one installs it.
        """
        self.home.parent.mkdir(parents=True, exist_ok=True)
        with self.home.with_name(f"{self.home.name}.lock").open("w") as lock:
            flock(lock, LOCK_EX)
            binary = self._binary(self.home)
            if not self._works(binary):
                self._install()
        return binary

    def _binary(self, folder: Path) -> Path:
        return folder / "node_modules" / ".bin" / self.command

    def _install(self) -> None:
        """Install it beside its place and move it there whole: a run that was broken off leaves nothing."""
        if shutil.which("npm") is None or shutil.which("node") is None:
            pytest.fail(
                f"the acceptance tests run {self.spec}, which needs npm and node to install: none is found"
            )
        fresh = self.home.with_name(f"{self.home.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        said = _run(
            ["npm", "install", "--prefix", str(fresh), "--no-audit", "--no-fund", self.spec, *self.beside]
        )
        script = fresh / "node_modules" / self.package / self.script
        if self.script and script.exists() and not self._works(self._binary(fresh)):
            said += _run(["node", str(script)])
        if not self._works(self._binary(fresh)):
            pytest.fail(f"{self.spec} could not be installed into {fresh}:\n{said}")
        shutil.rmtree(self.home, ignore_errors=True)
        fresh.rename(self.home)

    def _works(self, binary: Path) -> bool:
        modules = binary.parents[1]
        if not binary.exists() or not all((modules / _bare(spec)).exists() for spec in self.beside):
            return False
        try:
            done = subprocess.run(
                [binary, "--version"], capture_output=True, text=True, timeout=60, check=False
            )
        except (subprocess.TimeoutExpired, OSError):
            return False
        return done.stdout.startswith(self.said)


def run_client(
    command: list[str | Path],
    project: Path,
    environment: dict[str, str],
    *,
    fails: bool = False,
) -> str:
    """What a client prints, run in a project with this environment and no other.

    It must end well, or (`fails`) with the exit code that says it could not go on.
    """
    done = subprocess.run(
        command,
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    shown = " ".join(str(part) for part in command[1:])
    assert done.returncode == int(fails), (
        f"{Path(command[0]).name} {shown} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    )
    return done.stdout


@contextmanager
def talking(
    command: list[str | Path], project: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """A client that is told what to do as it runs, for `RUN_S` at most."""
    with subprocess.Popen(
        command,
        cwd=project,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        end = Timer(RUN_S, running.kill)
        end.start()
        try:
            yield running
        finally:
            end.cancel()
            running.kill()


def _bare(spec: str) -> str:
    """The name in a spec such as `@scope/name@1.2.3`."""
    return spec.rpartition("@")[0]


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except subprocess.TimeoutExpired:
        return f"{command[0]} took longer than {INSTALL_S} s\n"
    return f"$ {' '.join(command)}\n{done.stdout}{done.stderr}\n"
