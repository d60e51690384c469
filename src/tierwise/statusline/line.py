"""The line: its parts, what a narrow terminal does without, and what may reach a terminal at all.

    gateway     page-mapper · opus→haiku, preferred · yellow, week 74% · today $1.20, saved $3.40 · lasts
    no gateway  the same as it was last, and how long ago; else the client's own model, cost and limits

Source: design.md, "The shape" (installer).
"""

from __future__ import annotations

from tierwise.statusline.asking import number, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tierwise.statusline.asking import Object

MAX_PARTS = 8
MAX_PART_CHARACTERS = 80
WIDEST = 400
"""Columns, where nobody says how many there are."""
BETWEEN = " · "
DROPPED_FIRST = ("forecast", "today", "cost", "skill")
"""What a narrow terminal does without, in this order."""
COLOURS = {"yellow": "33", "red": "31", "exhausted": "35"}
"""Of the zones that a person should notice."""
QUOTAS = {"five_hour": "5 h", "seven_day": "7 d", "spend_limit": "spend limit"}


def parts_of(status: Object, source: str, age_s: float | None, said: Object) -> list[tuple[str, str]]:
    """(kind, text) of each part: the gateway's, fresh or old, else what the client itself says."""
    told = status.get("parts")
    parts = [
        (str(part.get("kind")), clean(part["text"]))
        for part in (told[:MAX_PARTS] if isinstance(told, list) else ())
        if isinstance(part, dict) and isinstance(part.get("text"), str) and clean(part["text"])
    ]
    if source == "gateway":
        return parts or [("zone", "tierwise")]
    if parts:
        return [*parts, ("age", f"no gateway; as of {_age(age_s)} ago")]
    return [*_own_parts(said), ("age", "tierwise: no gateway")]


def _own_parts(said: Object) -> list[tuple[str, str]]:
    """Model, cost and limits as the client tells them; what is no such thing is left out."""
    parts = []
    model = table(said, "model").get("display_name") or table(said, "model").get("id")
    if isinstance(model, str) and clean(model):
        parts.append(("tier", clean(model)))
    cost = number(table(said, "cost").get("total_cost_usd"))
    if cost is not None:
        parts.append(("cost", f"${cost:,.2f} in this session"))
    limits = table(said, "rate_limits")
    for name, words in QUOTAS.items():
        used = number(table(limits, name).get("used_percentage"))
        if used is not None:
            parts.append(("quota", f"{words} {used:.0f}%"))
    return parts


def fitted(parts: list[tuple[str, str]], width: int, colour: str = "") -> str:
    """The parts on one line of at most `width` columns; the least important ones go first."""
    for kind in ("", *DROPPED_FIRST):
        parts = [part for part in parts if part[0] != kind] or parts
        line = BETWEEN.join(text for _, text in parts)
        if columns(line) <= width:
            painted = [f"\x1b[{colour}m{text}\x1b[0m" if kind == "zone" else text for kind, text in parts]
            return BETWEEN.join(painted) if colour else line
    while line and columns(line) >= width:
        line = line[:-1]
    return f"{line}…"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    width = 0
    for char in text:
        if not unicodedata.combining(char):
            width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return width


def clean(text: str) -> str:
    """The text on one line, without what a terminal could take for an order, cut to a part's length."""
    short = text[:MAX_PART_CHARACTERS]
    return "".join(char if char.isprintable() else " " for char in short).strip()


def _age(age_s: float | None) -> str:
    minutes = int((age_s or 0.0) // 60)
    if minutes < 1:
        return "less than a minute"
    hours, days = minutes // 60, minutes // 1_440
    return f"{days} d" if days else f"{hours} h" if hours else f"{minutes} min"
