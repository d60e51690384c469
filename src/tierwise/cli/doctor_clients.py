"""Doctor at the clients: which are here, in which version, and whether their calls reach the gateway.

Source: research/clients.md sections 2, 5, 6, 11 and 12.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tierwise import wiring
from tierwise.cli.doctor_gateway import Found, asked
from tierwise.cli.doctor_lines import Line
from tierwise.clients.connection_records import CLIENTS
from tierwise.clients.in_force import InForce, Layer, environment_layer, in_force, read_layer
from tierwise.clients.masking import masked
from tierwise.clients.plans import LOOPBACK, Destination, table

VERSION_WITHIN_S: Final = 15.0
_VERSION: Final = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}")


@dataclass(frozen=True, slots=True)
class Installed:
    """A client's program on PATH. `version` is () where it does not say one."""

    path: str
    version: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """The version as a person writes it."""
        return ".".join(map(str, self.version)) or "an unknown version"


@dataclass(frozen=True, slots=True)
class Client:
    """A client as it was found: its program (None: not on PATH), and its settings, the strongest first."""

    name: str
    installed: Installed | None
    layers: tuple[Layer, ...]
    gateway: Found

    @property
    def title(self) -> str:
        """Its name for people."""
        return CLIENTS[self.name].title

    def line(self, name: str, state: Any, text: str, remedy: str = "", **facts: Any) -> Line:  # noqa: ANN401
        """A line about this client, without what looks like a secret in its settings."""
        return Line(self.title, name, state, masked(text, "text"), remedy, facts)


def found_clients(gateway: Found, project: Path) -> list[Client]:
    """Every client that is here, by its program or by its settings; the programs are asked at once."""
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        programs = list(pool.map(installed, CLIENTS))
    clients = []
    for (name, client), program in zip(CLIENTS.items(), programs, strict=True):
        read = (read_layer(layer, path, client.form) for layer, path in wiring.settings_layers(name, project))
        layers = (*read, environment_layer(wiring.environment()))
        if program or any(layer.values or layer.problem for layer in layers if layer.path):
            clients.append(Client(name, program, layers, gateway))
    return clients


def installed(name: str) -> Installed | None:
    """The client's program and what it says of its version; None if it is not on PATH."""
    path = shutil.which(name)
    if path is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  the program that the person himself would start
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSION_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return Installed(path)
    said = _VERSION.search(done.stdout.decode("utf-8", "replace"))
    return Installed(path, tuple(map(int, said[0].split("."))) if said else ())


def common_lines(client: Client) -> Iterator[Line]:
    """What is said of every client: its program, and the files of its that cannot be read."""
    program = client.installed
    if program is None:
        text = "not on PATH, though it has settings here"
        yield client.line("program", "warn", text, "Right if you start it elsewhere")
    elif not program.version:
        text = f"{program.path} does not say its version"
        yield client.line("program", "warn", text, f"Does it start? {client.name} --version")
    else:
        yield client.line("program", "ok", f"{program.words}, {program.path}", version=program.words)
    for layer in client.layers:
        if layer.problem:
            text = f"{layer.path} {layer.problem}"
            yield client.line("settings", "fail", text, f"Mend it; {client.title} may ignore all of it")


def base_url_line(client: Client, found: InForce | None) -> Line:
    """Whether the base URL that counts leads to a gateway of ours that answers."""
    connect = f"tierwise connect {client.name}"
    if found is None:
        return client.line("calls", "warn", "not connected: its calls go past tierwise", connect)
    url, where = str(found.value), _where(found)
    shown = masked(url, "text")
    parts = place_of(url)
    facts: dict[str, Any] = {
        "base_url": shown,
        "by": str(found.layer),
        "over": [str(layer) for layer in found.beaten],
    }
    if parts is None:
        return client.line("calls", "fail", f"`{shown}` is no URL ({where})", connect, **facts)
    if parts[0] not in LOOPBACK:
        text = f"they go to {shown}, past tierwise ({where})"
        return client.line("calls", "warn", text, _led_back(connect, found), **facts)
    origin = origin_of(*parts)
    about = table(asked(origin, "GET", "/tierwise/status").json, "gateway")
    if not about:
        text = f"they go to {shown}, where no gateway answers ({where})"
        start = f"tierwise serve --port {parts[1]}, or tierwise disconnect {client.name}"
        return client.line("calls", "fail", text, start, **facts)
    if place_of(client.gateway.url) != parts:
        text = f"they go to the gateway at {origin} ({where}), not to the one looked at"
        return client.line("calls", "warn", text, f"tierwise doctor --url {origin}", **facts)
    return client.line("calls", "ok", f"they go to {shown} ({where})", **facts)


def _led_back(connect: str, found: InForce) -> str:
    """How the calls are led to the gateway: by the command, where it may write what stands in the way."""
    if found.layer.name == "user":
        return f"{connect} --replace"
    if found.layer.name == "project":
        return f"{connect} --replace --project ."
    return f"Take it out of {found.layer}"


def _where(found: InForce) -> str:
    beaten = f", over {' and '.join(map(str, found.beaten))}" if found.beaten else ""
    return f"{found.layer}{beaten}"


def place_of(url: str) -> tuple[str, int] | None:
    """Host and port; None for what is no URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return (parts.hostname, port) if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


def origin_of(host: str, port: int) -> str:
    """The beginning of every URL there."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def notes(client: Client, settings: Mapping[str, Any]) -> Iterator[Line]:
    """What the client's own planner has to say about settings that stand in the way."""
    plan = CLIENTS[client.name].plan(settings, Destination(client.gateway.url))
    for note in plan.notes:
        yield client.line("note", "warn", note, "See its settings")


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """The settings of all files as one table: the strongest file's word on each key, `env` key by key."""
    values: dict[str, Any] = {}
    for layer in reversed([layer for layer in layers if layer.path]):
        env = {**table(values, "env"), **table(layer.values, "env")}
        values |= layer.values
        values |= {"env": env} if env else {}
    return values


def codex_lines(client: Client) -> Iterator[Line]:
    """Codex: the provider in use, and what stands in its way."""
    yield from common_lines(client)
    settings = merged(client.layers)
    provider = settings.get("model_provider", "openai")
    keys = ("model_providers", str(provider), "base_url")
    yield base_url_line(client, in_force(client.layers, *keys) or in_force(client.layers, "openai_base_url"))
    yield from notes(client, settings)


def opencode_lines(client: Client) -> Iterator[Line]:
    """opencode: each provider's base URL."""
    yield from common_lines(client)
    providers = [name for name in ("anthropic", "openai") if _configures(client, name)] or ["anthropic"]
    for name in providers:
        yield base_url_line(client, in_force(client.layers, "provider", name, "options", "baseURL"))
    yield from notes(client, merged(client.layers))


def _configures(client: Client, provider: str) -> bool:
    return any(provider in table(layer.values, "provider") for layer in client.layers)
