"""Wiring: the only module that names concrete classes, reads the environment and the clock.

Everything below takes what it needs as arguments; everything above asks here.

Source: design.md, "The shape".
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from tierwise.errors import ConfigError, StoreError

POSTGRES_SCHEMES = ("postgresql", "postgres")

if TYPE_CHECKING:
    from tierwise.catalog.models import Catalog
    from tierwise.catalog.prices import Problem
    from tierwise.files.findings import Finding
    from tierwise.files.nodes import Node
    from tierwise.gateway.control import Control
    from tierwise.router.budget_files import BudgetFile
    from tierwise.router.offers import Offers
    from tierwise.router.routing import Router
    from tierwise.simulator.script import Script
    from tierwise.simulator.server import Simulator
    from tierwise.store.ledger import Ledger
    from tierwise.store.log import Storage


def now_us() -> int:
    """The present in µs since the epoch, UTC."""
    return time.time_ns() // 1_000


def home_dir() -> Path:
    """Where state and the user's own files live: `$TIERWISE_HOME`, else the platform's data folder."""
    named = os.environ.get("TIERWISE_HOME")
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir("tierwise"))


def open_store(url: str | None) -> Storage:
    """The store that `url` names: `sqlite:PATH`, `postgresql://…` or `memory`; None: in the home folder.

    Raises StoreError for any other scheme, and when the storage cannot be opened.
    """
    from tierwise.store.sqlite import SqliteStore

    if url == "memory":
        return SqliteStore(None)
    if url is None:
        return SqliteStore(home_dir() / "ledger.sqlite")
    scheme, found, rest = url.partition(":")
    if scheme in POSTGRES_SCHEMES and rest.startswith("//"):
        return _postgres_store(url)
    if scheme != "sqlite" or not found or not rest.lstrip("/"):
        shown = store_name(url)
        raise StoreError(f"`{shown}` is not a store; use `sqlite:PATH`, `postgresql://…` or `memory`")
    return SqliteStore(Path(rest.removeprefix("//")).expanduser())


def store_name(url: str | None) -> str:
    """The store's URL as people may see it: without user, password and options."""
    if url is None:
        return f"sqlite:{home_dir() / 'ledger.sqlite'}"
    scheme, found, rest = url.partition("://")
    if not found or scheme == "sqlite":
        return url
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


def _postgres_store(url: str) -> Storage:
    try:
        from tierwise.store.postgres import PostgresStore
    except ImportError as missing:
        raise StoreError(
            "a ledger in PostgreSQL needs its driver: pip install 'tierwise[postgres]'"
        ) from missing
    return PostgresStore(url)


def load_catalog() -> Catalog:
    """The known models and prices under the user's own `prices.yaml`; made again when that file changes."""
    return _catalog(*_prices_file())[0]


def catalog_findings() -> list[Finding]:
    """What is wrong in the user's own `prices.yaml`; an error there means that none of it is used."""
    return list(_catalog(*_prices_file())[1])


def tier_of_model(name: str) -> str | None:
    """The built-in rung of the model that `name` means; None for a model that the catalog does not know."""
    return load_catalog().tier_of(name)


def _prices_file() -> tuple[Path, int | None]:
    """The user's price file, and when it was last changed (ns); None if there is none."""
    path = home_dir() / "prices.yaml"
    try:
        return path, path.stat().st_mtime_ns
    except OSError:
        return path, None


@lru_cache(4)
def _catalog(path: Path, changed_ns: int | None) -> tuple[Catalog, tuple[Finding, ...]]:
    from tierwise.catalog.models import load_catalog as catalog_of
    from tierwise.catalog.models import unplaced
    from tierwise.catalog.price_file import overrides_from
    from tierwise.files.nodes import read_yaml
    from tierwise.files.text_files import read_text

    built_in = catalog_of()
    if changed_ns is None:
        return built_in, ()
    text, findings = read_text(path)
    root, more = read_yaml(text, str(path)) if text is not None else (None, [])
    findings += more
    if root is None:
        return built_in, tuple(findings)
    overrides, problems = overrides_from(_plain(root), built_in.platforms, str(path))
    findings += [_finding(problem, path, root) for problem in (*problems, *unplaced(overrides))]
    return catalog_of(overrides), tuple(sorted(findings, key=lambda finding: finding.line))


def _plain(node: Node) -> object:
    """The node's value without its lines."""
    if isinstance(node.value, tuple):
        return [_plain(item) for item in node.items]
    if node.entries:
        return {key: _plain(entry.node) for key, entry in node.entries.items()}
    return node.value


def _finding(problem: Problem, path: Path, root: Node) -> Finding:
    """The problem with the line of the innermost of its keys that the file holds."""
    from tierwise.files.findings import Finding

    line, node = 0, root
    for key in problem.key:
        if key not in node.entries:
            break
        line, node = node.entries[key]
    key = ".".join(problem.key)
    return Finding(str(path), line, key, problem.problem, problem.remedy, "warning", problem.rule)


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve. `skill_roots` empty: the project and the user's own skill folders.

    `upstream` is `simulator` or a URL; `script` (or the file `simulator_script`) is what the simulator plays.
    `user_file` and `budgets_file` are the user's own, by default those in the home folder. `state` is where
    offers are kept, conversations exported to, and where the gateway says that it listens; None: nowhere, and
    offers live as long as the gateway. `keep_context` is whether conversations can be exported at all.
    """

    port: int = 0
    upstream: str = "simulator"
    skill_roots: tuple[Path, ...] = ()
    store: str | None = None
    project: Path | None = None
    simulator_log: Path | None = None
    simulator_script: Path | None = None
    script: Script | None = None
    user_file: Path | None = None
    budgets_file: Path | None = None
    state: Path | None = None
    keep_context: bool = True


@dataclass(frozen=True, slots=True)
class Serving:
    """A gateway at work: where it listens, where it relays to, and where its ledger lies."""

    url: str
    upstream: str
    store_url: str
    store: Storage
    ledger: Ledger
    simulator: Simulator | None

    async def recorded(self) -> None:
        """Returns when every call that has ended is durable. Raises StoreError if that fails."""
        await asyncio.wrap_future(self.ledger.flushed())


@asynccontextmanager
async def serving(
    options: ServeOptions, alarm: Callable[[str], None], notice: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Serving]:
    """A gateway that listens for as long as the block lasts; what is under way is recorded before it ends.

    `alarm` is told, a line each, what a person should mend; `notice` what one should know.
    Raises ConfigError, StoreError or UpstreamError if it cannot start.
    """
    from tierwise.gateway.app import Gateway
    from tierwise.gateway.notices import Notices
    from tierwise.gateway.presence import present
    from tierwise.gateway.upstream import Upstream
    from tierwise.router.config_findings import findings_of
    from tierwise.serving import LoopbackServer
    from tierwise.store.ledger import Ledger

    async with AsyncExitStack() as stack:
        simulator = await _simulator(options, stack)
        upstream = Upstream(simulator.url if simulator else options.upstream)
        store = stack.enter_context(closing(open_store(options.store)))
        ledger = Ledger(store, now_us)
        stack.callback(ledger.close)
        router = router_for(options.project, options.skill_roots, options.user_file, options.budgets_file)
        gateway = Gateway(
            router,
            await stack.enter_async_context(upstream),
            ledger,
            now_us=ledger.now_us,
            day_of=day_of,
            new_id=new_id,
            alarm=alarm,
            version=version("tierwise"),
            control=_control(options, router),
            notices=await stack.enter_async_context(Notices(notice)),
        )
        config = router.configs.of(None)
        if wrong := budget_file(options.budgets_file).findings(config):
            raise ConfigError("budgets that cannot be read are not in force:\n" + "\n".join(map(str, wrong)))
        for finding in (*catalog_findings(), *findings_of(config, router.catalog, day_of(now_us()))):
            alarm(str(finding))
        server = await stack.enter_async_context(LoopbackServer(gateway, options.port))
        if options.state is not None:
            try:
                stack.enter_context(present(options.state, server.url))
            except StoreError as error:
                alarm(f"commands will not find this gateway: {error}")
        where = store_name(options.store)
        yield Serving(server.url, upstream.url, where, store, ledger, simulator)


def _control(options: ServeOptions, router: Router) -> Control:
    """The control API of a gateway, with its book of offers and its memory of conversations."""
    from tierwise.gateway.contexts import Contexts
    from tierwise.gateway.control import Control
    from tierwise.router.balances import ANY_ACCOUNT

    return Control(
        offers=offers_in(options.state),
        contexts=Contexts(keep=options.keep_context),
        exports=options.state / "exports" if options.state else None,
        now_us=now_us,
        hear=lambda readings: router.balances.hear(ANY_ACCOUNT, readings, now_us()),
    )


def offers_in(home: Path | None) -> Offers:
    """The book of offers that gateway and commands share; None: one in memory."""
    from tierwise.router.offers import Offers

    return Offers(home / "offers.json" if home else None)


async def _simulator(options: ServeOptions, stack: AsyncExitStack) -> Simulator | None:
    if options.upstream != "simulator":
        return None
    from tierwise.simulator.script import DEFAULT
    from tierwise.simulator.script_reading import load_script
    from tierwise.simulator.server import Simulator

    file = options.simulator_script
    script = options.script or (load_script(file) if file else DEFAULT)
    simulator = Simulator(script=script, log_path=options.simulator_log, now_s=time.monotonic)
    return await stack.enter_async_context(simulator)


def router_for(
    project: Path | None = None,
    skill_roots: tuple[Path, ...] = (),
    user: Path | None = None,
    budgets: Path | None = None,
) -> Router:
    """Everything that deciding needs. Defaults as in `ServeOptions`."""
    from tierwise.router.balances import Balances
    from tierwise.router.configs import Configs
    from tierwise.router.routing import Router
    from tierwise.router.shelf import Shelf

    here = project or Path.cwd()
    roots = skill_roots or (here, *own_skill_folders())
    return Router(
        catalog=load_catalog(),
        configs=Configs(user or user_file(), here, tier_of_model),
        shelf=Shelf(roots, tier_of_model),
        balances=Balances(budget_file(budgets)),
    )


def budget_file(path: Path | None = None) -> BudgetFile:
    """The budgets in a file, by default the user's own in the home folder."""
    from tierwise.files.budgets import BUDGETS_FILE
    from tierwise.router.budget_files import BudgetFile

    return BudgetFile(path or home_dir() / BUDGETS_FILE, tier_of_model)


def own_skill_folders() -> tuple[Path, ...]:
    """Where a person's own skills and plugins live, for every client that has such a place."""
    home = Path.home()
    return (
        home / ".claude" / "skills",
        home / ".claude" / "agents",
        home / ".claude" / "plugins",
        home / ".agents" / "skills",
        home / ".codex" / "skills",
    )


def user_file() -> Path:
    """The user's own configuration."""
    return home_dir() / "model-routing.yaml"


def day_of(at_us: int) -> str:
    """The UTC day of a moment, as an ISO date: what prices are dated by."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).date().isoformat()


def new_id() -> str:
    """A fresh id for a call; ids sort by time."""
    return f"{now_us():013x}{secrets.token_hex(6)}"
