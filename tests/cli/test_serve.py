"""`tierwise serve` as a process: it says where it listens, serves, records, and ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anthropic
import pytest
from click.testing import CliRunner

from tierwise.cli import main


@contextmanager
def serving(home: Path, *options: str) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "tierwise", "serve", "--port", "0", "--json", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env={**os.environ, "TIERWISE_HOME": str(home)},
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_call_through_the_process_is_reported_by_the_next_one(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "--upstream", "simulator") as at,
        anthropic.Anthropic(base_url=at["url"], api_key="sk-test") as client,
    ):
        answer = client.messages.create(
            model="claude-opus-5-5", max_tokens=50, messages=[{"role": "user", "content": "Hello."}]
        )
    assert answer.model == "claude-opus-5-5"

    result = CliRunner().invoke(main, ["report", "--json"], env={"TIERWISE_HOME": str(tmp_path)})
    assert json.loads(result.stdout)["total"]["calls"] == 1


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(
            main, ["serve", "--port", str(port), "--upstream", "simulator", "--store", "memory"]
        )

    assert result.exit_code == 1
    assert str(port) in result.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--upstream", "ftp://x"], "ftp://x"),
        (["--upstream", "https://a.invalid/?q=1"], "is no upstream"),
        (["--store", "redis:x"], "is not a store"),
        (["--upstream", "http://127.0.0.1:9", "--simulator-log", "x"], "go with --upstream simulator"),
    ],
)
def test_wrong_options_are_said(tmp_path: Path, options: list[str], said: str) -> None:
    result = CliRunner().invoke(
        main, ["serve", "--port", "0", *options], env={"TIERWISE_HOME": str(tmp_path)}
    )

    assert result.exit_code != 0
    assert said in result.output
