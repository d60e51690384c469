"""Serving: a gateway put together from its parts, and the router that commands use without one.

Source: design.md, "The shape".
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tierwise.errors import ConfigError, StoreError
from tierwise.wiring.catalogs import catalog_findings, load_catalog, tier_of_model
from tierwise.wiring.places import (
    day_of,
    gsd_home,
    home_dir,
    midnight_us,
    new_id,
    now_us,
    own_skill_folders,
    user_file,
)
from tierwise.wiring.stores import open_store, store_name

if TYPE_CHECKING:
    from tierwise.gateway.control import Control
    from tierwise.router.budget_files import BudgetFile
    from tierwise.router.offers import Offers
    from tierwise.router.routing import Router
    from tierwise.simulator.script import Script
    from tierwise.simulator.server import Simulator
    from tierwise.store.ledger import Ledger
    from tierwise.store.log import Storage


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
        from asyncio import wrap_future

        await wrap_future(self.ledger.flushed())


@asynccontextmanager
async def serving(
    options: ServeOptions, alarm: Callable[[str], None], notice: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Serving]:
    """A gateway that listens for as long as the block lasts; what is under way is recorded before it ends.

    `alarm` is told, a line each, what a person should mend; `notice` what one should know.
    Raises ConfigError, StoreError or UpstreamError if it cannot start.
    """
    from importlib.metadata import version

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
        router = router_for(
            options.project, options.skill_roots, options.user_file, options.budgets_file, _probes(options)
        )
        gateway = Gateway(
            router,
            await stack.enter_async_context(upstream),
            ledger,
            now_us=ledger.now_us,
            day_of=day_of,
            new_id=new_id,
            alarm=alarm,
            version=version("tierwise"),
            control=_control(options, router, store, ledger, alarm, upstream.url),
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


def _control(
    options: ServeOptions,
    router: Router,
    store: Storage,
    ledger: Ledger,
    alarm: Callable[[str], None],
    upstream: str,
) -> Control:
    """The control API of a gateway: its book of offers, its memory of conversations, its forecasts."""
    from importlib.metadata import version

    from tierwise.gateway.contexts import Contexts
    from tierwise.gateway.control import Control
    from tierwise.gateway.forecasts import Forecasts
    from tierwise.gateway.status import About, Status
    from tierwise.router.balances import ANY_ACCOUNT

    forecasts = Forecasts(store, ledger, router, budget_file(options.budgets_file), ledger.now_us, alarm)
    scheme, _, place = upstream.partition("://")
    about = About(
        version=version("tierwise"),
        upstream=f"{scheme}://{place.rpartition('@')[2]}",
        simulator=options.upstream == "simulator",
        store=store_name(options.store),
        began_us=now_us(),
        probes=_probes(options),
    )
    return Control(
        offers=offers_in(options.state),
        contexts=Contexts(keep=options.keep_context),
        exports=options.state / "exports" if options.state else None,
        now_us=now_us,
        hear=lambda readings: router.balances.hear(ANY_ACCOUNT, readings, now_us()),
        forecasts=forecasts,
        status=Status(about, forecasts, ledger.now_us, midnight_us),
    )


def _probes(options: ServeOptions) -> Path | None:
    """Where `tierwise doctor` puts a skill to try routing with; None without a folder for state."""
    return options.state / "probes" if options.state else None


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
    probes: Path | None = None,
) -> Router:
    """Everything that deciding needs. Defaults as in `ServeOptions`; skills may also lie in `probes`."""
    from tierwise.router.balances import Balances
    from tierwise.router.configs import Configs
    from tierwise.router.natives import Natives
    from tierwise.router.routing import Router
    from tierwise.router.shelf import Shelf

    here = project or Path.cwd()
    roots = (*(skill_roots or (here, *own_skill_folders())), *((probes,) if probes else ()))
    shelf = Shelf(roots, tier_of_model)
    return Router(
        catalog=load_catalog(),
        configs=Configs(user or user_file(), here, tier_of_model, gsd_home()),
        shelf=shelf,
        balances=Balances(budget_file(budgets)),
        natives=Natives(shelf, tier_of_model),
    )


def budget_file(path: Path | None = None) -> BudgetFile:
    """The budgets in a file, by default the user's own in the home folder."""
    from tierwise.files.budgets import BUDGETS_FILE
    from tierwise.router.budget_files import BudgetFile

    return BudgetFile(path or home_dir() / BUDGETS_FILE, tier_of_model)
