"""One simulator on a real socket for all tests, as new for each of them, and the real SDKs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from simulator_harness import Clock, Web

from tierwise.simulator.script import DEFAULT
from tierwise.simulator.script_reading import script_of
from tierwise.simulator.server import RunningSimulator


@pytest.fixture(scope="session")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def _running(_clock: Clock) -> Iterator[RunningSimulator]:
    with RunningSimulator(now_s=_clock, keep_bodies=True) as simulator:
        yield simulator


@pytest.fixture
def clock(_clock: Clock) -> Clock:
    _clock.now = 0.0
    return _clock


@pytest.fixture
def sim(_running: RunningSimulator) -> RunningSimulator:
    _running.play(DEFAULT)
    _running.reset()
    return _running


@pytest.fixture
def play(sim: RunningSimulator) -> Any:
    """Play a script given as plain values."""
    return lambda value: sim.play(script_of(value))


@pytest.fixture
def web(sim: RunningSimulator) -> Web:
    return Web(sim.port)


@pytest.fixture(scope="session")
def claude_sdk(_running: RunningSimulator) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="sk-dummy", base_url=_running.url, max_retries=0) as client:
        yield client


@pytest.fixture
def claude(claude_sdk: anthropic.Anthropic, sim: RunningSimulator) -> anthropic.Anthropic:
    return claude_sdk


@pytest.fixture(scope="session")
def openai_sdk(_running: RunningSimulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="sk-dummy", base_url=f"{_running.url}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
def chatgpt(openai_sdk: openai.OpenAI, sim: RunningSimulator) -> openai.OpenAI:
    return openai_sdk
