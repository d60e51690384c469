"""Doctor's probes: a request for each protocol through the real path, with a skill that asks for little.

    probes/…/tierwise-probe/SKILL.md     model: {preferred: haiku}
    POST /v1/messages, /v1/chat/completions, /v1/responses      asked: the dearer model
    GET  /tierwise/status?session=…                             decided, and served

The skill lies in a folder that the gateway lets skills lie in for this, and is named in the request as a
client names it; so a pass shows that skills are read, calls decided, bodies rewritten, answers metered, and
the ledger written. Nothing is taken for granted: the model that answered is held against the one decided.

Source: rules.md section 3 (what was decided and what was served are stored apart and compared).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tierwise import wiring
from tierwise.cli.doctor_gateway import MODE_REMEDY, Found, asked
from tierwise.cli.doctor_lines import Line
from tierwise.cli.ledger import PROBE_PREFIX
from tierwise.clients.plans import HOOKS_PATH, table
from tierwise.core.figures import dollars
from tierwise.core.models import ModelCard
from tierwise.core.prices import cost_nanousd
from tierwise.core.usage import Usage

SECTION: Final = "probes"
NAME: Final = "tierwise-probe"
SKILL: Final = """---
name: tierwise-probe
description: Written by `tierwise doctor` to try routing with, and removed by it.
model: {{preferred: {tier}, acceptable: [{tier}], minimum: {tier}, reasoning_demand: low}}
---
Answer with one word.
"""
WORDS: Final = "Say ok."
ANSWER_TOKENS: Final = 16
PROMPT_TOKENS: Final = 200
"""About so many a probe sends: what it is announced to cost."""
ANTHROPIC: Final = "api.anthropic.com"
OPENAI: Final = "api.openai.com"
PLANES: Final = ("messages", "chat", "responses")


@dataclass(frozen=True, slots=True)
class Models:
    """What a probe asks for, and what its skill prefers, of one family of a platform."""

    asked: ModelCard
    preferred: ModelCard


@dataclass(frozen=True, slots=True)
class Probe:
    """One protocol: where its requests go, whose models it names, and how a skill shows in a body."""

    path: str
    platform: str
    body: Callable[[str, str], dict[str, Any]]
    """From model and skill folder."""


def _messages(model: str, folder: str) -> dict[str, Any]:
    typed = (
        f"<command-message>{NAME}</command-message>\n<command-name>/{NAME}</command-name>\n"
        f"<command-args>{WORDS}</command-args>"
    )
    texts = (typed, f"Base directory for this skill: {folder}\n\nAnswer with one word.")
    content = [{"type": "text", "text": text} for text in texts]
    messages = [{"role": "user", "content": content}]
    return {"model": model, "max_tokens": ANSWER_TOKENS, "messages": messages}


def _chat(model: str, folder: str) -> dict[str, Any]:
    typed = (
        f"Answer with one word.\n\nBase directory for this skill: {folder}\nRelative paths in this skill "
        f"(e.g., scripts/, references/) are relative to this base directory.\n{WORDS}"
    )
    messages = [{"role": "user", "content": typed}]
    return {"model": model, "max_completion_tokens": ANSWER_TOKENS, "messages": messages}


def _responses(model: str, folder: str) -> dict[str, Any]:
    injected = (
        f"<skill>\n<name>{NAME}</name>\n<path>{folder}/SKILL.md</path>\nAnswer with one word.\n</skill>"
    )
    said = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        for text in (f"${NAME} {WORDS}", injected)
    ]
    return {"model": model, "max_output_tokens": ANSWER_TOKENS, "input": said}


PROBES: Final[Mapping[str, Probe]] = {
    "messages": Probe("/v1/messages", "claude_code", _messages),
    "chat": Probe("/v1/chat/completions", "openai", _chat),
    "responses": Probe("/v1/responses", "openai", _responses),
}


def probe_lines(found: Found, *, allowed: bool) -> Iterator[Line]:
    """What the probes showed; `allowed` says that they may cost money."""
    upstream, simulator = str(found.about.get("upstream")), found.about.get("simulator") is True
    names = _served_by(upstream)
    if not simulator and not allowed:
        yield _announced(upstream, names)
        return
    credential = {"x-api-key": "tierwise-doctor"} if simulator else _credential(upstream)
    if not credential:
        wanted = "OPENAI_API_KEY" if OPENAI in upstream else "ANTHROPIC_API_KEY"
        text = f"not tried: no credential for {upstream} in the environment"
        yield Line(SECTION, "all", "warn", text, f"Set {wanted} for this one command")
        return
    try:
        with _skill(found) as folder:
            yield from (_tried(found, name, folder, credential) for name in names)
            yield _mod(found, folder)
    except OSError as error:
        text = f"no skill can be written to {found.about.get('probes')}: {error.strerror}"
        yield Line(SECTION, "all", "warn", text, "Run doctor as the person whose gateway it is")
    yield _hooks(found)


def _served_by(upstream: str) -> tuple[str, ...]:
    """The protocols that a provider speaks; all of them for one that is not known."""
    if ANTHROPIC in upstream:
        return PLANES[:1]
    return PLANES[1:] if OPENAI in upstream else PLANES


def _announced(upstream: str, names: tuple[str, ...]) -> Line:
    models = [found for name in names if (found := _models(PROBES[name].platform))]
    usage = Usage(input_tokens=PROMPT_TOKENS, output_tokens=ANSWER_TOKENS)
    costs = [cost_nanousd(usage, one.asked.price) for one in models]
    known = sum(cost for cost in costs if cost is not None)
    about = f"at most about {dollars(known)}" if known and None not in costs else "a little money"
    requests = "one tiny request" if len(names) == 1 else f"{len(names)} tiny requests"
    text = f"not tried: {upstream} charges for them"
    return Line(SECTION, "all", "warn", text, f"tierwise doctor --probe sends {requests}, for {about}")


def _credential(upstream: str) -> dict[str, str]:
    """The caller's own credential for the provider, from the environment; empty without one."""
    env = wiring.environment()
    if OPENAI not in upstream and env.get("ANTHROPIC_API_KEY"):
        return {"x-api-key": env["ANTHROPIC_API_KEY"]}
    name = "OPENAI_API_KEY" if OPENAI in upstream else "ANTHROPIC_AUTH_TOKEN"
    return {"authorization": f"Bearer {env[name]}"} if env.get(name) else {}


@contextmanager
def _skill(found: Found) -> Iterator[Path]:
    """The folder of a skill that prefers the lightest tier; gone again afterwards. OSError passes."""
    root = found.about.get("probes")
    if not isinstance(root, str):
        raise FileNotFoundError(2, "the gateway keeps no state")
    Path(root).mkdir(mode=0o700, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root))
    try:
        (folder / NAME).mkdir()
        tier = wiring.configuration(None).settings.ladder.light.name
        (folder / NAME / "SKILL.md").write_text(SKILL.format(tier=tier), "utf-8")
        yield folder / NAME
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _models(platform: str) -> Models | None:
    """The dearest automatic model that shares a family with one of the lightest tier."""
    config = wiring.configuration(None)
    ladder, day = config.settings.ladder, wiring.day_of(wiring.now_us())
    cards = wiring.load_catalog().candidates(platform, ladder, config.tier_models, day)
    light = cards.get(ladder.light.name, ())
    for rung in (ladder.heavy, ladder.standard):
        for card in cards.get(rung.name, ()):
            if light and card.family == light[0].family and card.tier != light[0].tier:
                return Models(card, light[0])
    return None


# -- trying ------------------------------------------------------------------------------------------------


def _tried(found: Found, name: str, folder: Path, credential: Mapping[str, str]) -> Line:
    """One protocol, tried."""
    probe = PROBES[name]
    models = _models(probe.platform)
    if models is None:
        text = f"not tried: no two models of one family are known for {probe.platform}"
        return Line(SECTION, name, "warn", text, f"tierwise models --platform {probe.platform}")
    session = f"{PROBE_PREFIX}{wiring.new_id()}"
    headers = {**credential, "x-tierwise-session": session, "anthropic-version": "2023-06-01"}
    answer = asked(found.url, "POST", probe.path, probe.body(models.asked.id, str(folder)), headers)
    decision = table(asked(found.url, "GET", f"/tierwise/status?session={session}").json, "session")
    if answer.status != 200:
        return _unanswered(name, answer.status, answer.json)
    return _judged(name, models, decision, str(answer.json.get("model")))


def _unanswered(name: str, status: int, body: Mapping[str, Any]) -> Line:
    message = str(table(body, "error").get("message") or "no message")
    facts = {"status": status, "message": message}
    if not status:
        text, remedy = "the gateway did not answer in time", "Look at what it says where it was started"
    elif status in (401, 403):
        text, remedy = f"the provider refused the credential ({status}): {message}", "Try another key"
    elif status in (402, 429) and message.startswith("tierwise: "):
        text = f"refused before a token was spent: {message.removeprefix('tierwise: ')}"
        return Line(SECTION, name, "warn", text, "tierwise budget show", facts)
    elif status == 404:
        text = f"the provider does not serve it: {message}"
        return Line(SECTION, name, "warn", text, "Nothing to do, if no client of yours needs it", facts)
    else:
        text, remedy = f"answered {status}: {message}", "tierwise audit --last 1 says what was decided"
    return Line(SECTION, name, "fail", text, remedy, facts)


def _judged(name: str, models: Models, decision: Mapping[str, Any], answered: str) -> Line:
    """The answer held against the decision, and the decision against what the skill asks for."""
    asked_id, decided, served = models.asked.id, decision.get("decided_model"), decision.get("served_model")
    facts = {"asked": asked_id, "decided": decided, "served": served, "answered": answered}
    if not decision:
        text = "it was answered, but the gateway knows of no such call"
        return Line(SECTION, name, "fail", text, "Is this its own address, with no proxy between?", facts)
    path = f"asked {asked_id}, decided {decided} ({decision.get('rule')}), served {served}"
    mode = decision.get("mode")
    if mode != "enforce":
        text = f"{path}; in mode {mode} nothing is changed"
        return Line(SECTION, name, "warn", text, MODE_REMEDY, facts)
    if decision.get("mismatch") or not served:
        remedy = "What the provider answers with is not what it was asked for; look at it directly"
        return Line(SECTION, name, "fail", f"{path}: not the model that was decided", remedy, facts)
    if decision.get("skill") != NAME:
        remedy = "Start the gateway again; if that does not help, please report it"
        return Line(SECTION, name, "fail", f"{path}: the skill in the request was not seen", remedy, facts)
    if decision.get("decided_tier") != models.preferred.tier:
        text = f"{path}; the skill prefers {models.preferred.tier}: {decision.get('reason')}"
        remedy = "Right if you set it so: tierwise config show"
        return Line(SECTION, name, "warn", text, remedy, facts)
    return Line(SECTION, name, "ok", path, facts=facts)


def _mod(found: Found, folder: Path) -> Line:
    """What a mod is told for the same skill; nothing is sent to the provider."""
    models = _models("claude_code")
    if models is None:
        return Line(SECTION, "mod", "warn", "not tried: no models are known", "tierwise models")
    question = {
        "session": f"{PROBE_PREFIX}{wiring.new_id()}",
        "model": models.asked.id,
        "turn": "doctor",
        "skill": NAME,
        "skill_path": str(folder / "SKILL.md"),
        "begins": True,
    }
    answer = asked(found.url, "POST", "/v1/decide", question)
    told, tier = answer.json.get("model"), answer.json.get("tier")
    facts = {"asked": models.asked.id, "decided": told, "tier": tier}
    if answer.status != 200:
        text = f"POST /v1/decide answered {answer.status or 'nothing'}"
        return Line(SECTION, "mod", "fail", text, "Start the gateway again", facts)
    text, mode = f"asked {models.asked.id}, told {told} ({tier})", answer.json.get("mode")
    if answer.json.get("refuse"):
        refused = str(table(answer.json, "refuse").get("message"))
        return Line(SECTION, "mod", "warn", f"refused: {refused}", "tierwise budget show", facts)
    if mode != "enforce":
        text = f"{text}; in mode {mode} nothing is changed"
        return Line(SECTION, "mod", "warn", text, MODE_REMEDY, facts)
    if tier != models.preferred.tier:
        text = f"{text}; the skill prefers {models.preferred.tier}: {answer.json.get('reason')}"
        return Line(SECTION, "mod", "warn", text, "Right if you set it so: tierwise config show", facts)
    return Line(SECTION, "mod", "ok", text, facts=facts)


def _hooks(found: Found) -> Line:
    """Whether the hooks' address takes an event that changes nothing."""
    event = {"hook_event_name": "Notification", "session_id": f"{PROBE_PREFIX}{wiring.new_id()}"}
    answer = asked(found.url, "POST", HOOKS_PATH, event)
    if answer.status == 200:
        return Line(SECTION, "hooks", "ok", f"POST {HOOKS_PATH} listens")
    text = f"POST {HOOKS_PATH} answered {answer.status or 'nothing'}"
    return Line(SECTION, "hooks", "fail", text, "Start the gateway again")
