"""Work words: the English words by which a page tells what kind of work it is.

    mechanical   list, extract, convert …   what a script could almost do          → light
    analytical   review, test, write …      reading, judging, ordinary code        → standard
    deliberate   debug, design, plan …      weighing causes or designs             → standard, never light
    operations   exploit chain, prove …     the cognitive operations that need it  → heavy

A verb stands for its forms: `extract`, `extracts`, `extracting`, and who does it, `extractor`. Words of a
subject are missing on purpose: security, penetration testing, finance or Kubernetes is no kind of work. What
is in another language is not understood, and then there is no evidence.

Source: seed A Appendix A; rules.md section 14 (signals).
"""

from __future__ import annotations

import re
from typing import Final

MECHANICAL: Final = """
list trace map format extract convert collect rename copy move fetch load download upload count sort archive
delete remove tidy sync synchronize query search lookup scan index parse print show display
save export import tag label log notify send post open install merge commit push pull clone tally dump grep
filter mirror gather enumerate record transcribe resize compress split rotate retrieve scrape catalog
backup restore bump publish capture screenshot monitor ping poll forward paste wrap lint prettify normalize
inventory
""".split()

ANALYTICAL: Final = """
classify review test refactor document write rewrite create generate implement build fix develop analyze
analyse evaluate assess compare optimize optimise migrate integrate configure audit verify validate research
synthesize summarize draft edit improve recommend estimate prioritize interpret explain teach deploy upgrade
modernize translate customize craft produce simplify critique grade score rank visualize predict curate adapt
detect remediate identify advise scaffold resolve respond discover explore quantify simulate forecast tailor
triage mentor outline revise polish proofread enrich distill reorganize organize monetize moderate
rebuild train
""".split()
ANALYTICAL_NOUNS: Final = {
    "analysis": "analyze", "analyses": "analyze", "analytics": "analyze", "analyst": "analyze",
    "review": "review", "reviews": "review", "documentation": "document", "migration": "migrate",
    "implementation": "implement", "development": "develop", "evaluation": "evaluate",
    "assessment": "assess", "optimization": "optimize", "integration": "integrate",
    "validation": "validate", "verification": "verify", "visualization": "visualize",
    "research": "research", "synthesis": "synthesize", "translation": "translate",
    "engineering": "engineering", "engineer": "engineering", "programming": "programming",
    "programmer": "programming", "coding": "coding", "modeling": "modeling",
    "expert": "expert", "specialist": "specialist",
}  # fmt: skip
"""Noun → the verb that it stands for, else itself."""

DELIBERATE: Final = """
debug design redesign architect investigate diagnose troubleshoot plan decompose brainstorm reason deliberate
strategize arbitrate decide hypothesize
""".split()
DELIBERATE_NOUNS: Final = {
    "architecture": "architect", "strategy": "strategize", "diagnosis": "diagnose",
    "investigation": "investigate", "trade-off": "trade-off", "trade-offs": "trade-off",
}  # fmt: skip

CAUSES: Final = re.compile(r"\b(?:root[- ]causes?|(?:the|its|likely|underlying) causes?)\b", re.IGNORECASE)
"""What debugging looks for; said so, it weighs as much as the verb."""

OPERATIONS: Final[dict[str, tuple[str, ...]]] = {
    "adversarial": (
        r"exploit (?:chain|development|primitive|writing)s?",
        r"(?:chain|craft|develop|write|build)(?:s|ing)? (?:\w+ )?exploits?",
        r"exploitab(?:le|ility)",
        r"(?:vulnerabilit(?:y|ies)|attack) (?:chain(?:s|ing)?|paths?|graphs?|synthesis)",
        r"adversarial(?:ly)? (?:\w+ )?(?:review\w*|analy\w+|reason\w*|think\w*|critique\w*|verif\w+)",
        r"zero[- ]days?|0[- ]days?",
        r"side[- ]channels?|timing (?:attacks?|leaks?)",
        r"attacker'?s? (?:mindset|perspective|capabilit\w+|model)",
    ),
    "formal": (
        r"formal(?:ly)? (?:verif\w+|methods?|proofs?|prov\w+|specifications?|models?|semantics)",
        r"(?:prove|proves|proving|disprove|refute) (?:\w+ ){0,2}(?:theorems?|correctness|properties|lemmas?"
        r"|soundness|bounds?|invariants?|conjectures?|termination|equivalence)",
        r"(?<!cap )theorem(?:s| prov\w+)?",
        r"lemmas?",
        r"proof (?:assistants?|obligations?|search|strateg\w+|terms?|states?|engineering)",
        r"(?:TLA(?=\+)|Coq|Isabelle|Agda|Lean ?4|Dafny|Z3|SMT solvers?|Tamarin|ProVerif)",
        r"model[- ]check(?:ing|er|ers)",
        r"constraint (?:satisfaction|solv\w+|programming)",
        r"symbolic execution",
        r"(?:type|proof|protocol) soundness|soundness proofs?",
        r"linearizab\w+",
        r"constant[- ]time",
        r"(?:loop|inductive|protocol|safety|system) invariants?",
    ),
    "causal": (
        r"race conditions?|data races?",
        r"dead-?locks?|live-?locks?",
        r"concurrency (?:bugs?|issues?|problems?|hazards?)",
        r"hydration mismatch(?:es)?|hydration (?:bugs?|errors?|issues?)",
        r"cascading failures?|cascade analysis",
        r"heisenbugs?|intermittent (?:\w+ )?(?:bugs?|failures?|errors?|issues?)",
        r"root[- ]causes? (?:analysis )?(?:across|in distributed|in production|of incidents?|of outages?)",
        r"(?:debug|diagnos|troubleshoot|investigat)\w* (?:\w+ ){0,2}(?:distributed systems?|outages?"
        r"|production incidents?|across (?:services|systems|boundaries))",
        r"consensus (?:protocols?|algorithms?)",
        r"cross-(?:service|system|process|contract) (?:\w+ )?(?:bugs?|failures?|interactions?|tracing)",
    ),
}
"""Family → patterns. What is not here is not `heavy`, however hard its subject sounds."""

EASY: Final = (
    r"mechanical(?:ly)?|deterministic(?:ally)?|boilerplate|straightforward|verbatim|read-only|one-liners?"
    r"|quick(?:ly)? look-?ups?|simple (?:script|command|query|lookup|wrapper|utility)|no judge?ment"
)
HARD: Final = (
    r"subtle|nuanced?|ambigu(?:ous|ity)|judge?ment|trade-?offs?|rigorous(?:ly)?|multi-step reasoning"
    r"|deep(?:ly)? (?:reason\w*|analy\w+|think\w*)|think(?:s|ing)? (?:hard|deeply|carefully)|first principles"
    r"|competing hypotheses|novel (?:problem|solution|approach)\w*"
)

ROUTED_TO: Final = re.compile(
    r"\b(?:rout(?:e|es|ing)\b(?:\W+\w+){0,8}?\W+(?:to|across|between|among)\b(?:\W+\w+){0,6}?"
    r"|(?:dispatch(?:es|ing)?|delegat(?:e|es|ing))\b(?:\W+\w+){0,8}?\W+to\b(?:\W+\w+){0,3}?"
    r"\W+(?:appropriate|right|correct|relevant|matching|best|suitable|specialized))"
    r"(?:\W+\w+){0,2}?\W+(?:specialists?|skills?|sub-?agents?|agents?)\b",
    re.IGNORECASE,
)
COORDINATOR_NAMES: Final = re.compile(r"(?:^|[-_ ])(?:coordinator|router|dispatcher)$", re.IGNORECASE)

_VOWELS: Final = "aeiou"


def forms(verb: str) -> set[str]:
    """The words that an English verb stands for: `map` → map, maps, mapping, mapper.

    Not `mapped`: a participle mostly tells what a thing is like (recommended, structured, fixed).
    """
    if verb.endswith("e"):
        stem = verb[:-1]
        return {verb, f"{verb}s", f"{stem}ing", f"{verb}r", f"{stem}or"}
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        stem = verb[:-1]
        return {verb, plural(verb), f"{verb}ing", f"{stem}ier"}
    stem = verb + verb[-1] if _doubles(verb) else verb
    return {verb, plural(verb), f"{stem}ing", f"{stem}er", f"{stem}or"}


def plural(verb: str) -> str:
    """`lists`, `fetches`, `queries`: the third person, which may as well be a noun's plural."""
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh")) else f"{verb}s"


def _doubles(verb: str) -> bool:
    """Whether the last letter is written twice before an ending: `plan`, `map`, `scan`, but not `test`."""
    vowels = sum(letter in _VOWELS for letter in verb)
    short = vowels == 1 and len(verb) > 2 and verb[-2] in _VOWELS and verb[-1] not in "aeiouwxy"
    return short or verb in ("commit", "debug")


_TABLE: Final[tuple[tuple[str, list[str], dict[str, str]], ...]] = (
    ("mechanical", MECHANICAL, {}),
    ("analytical", ANALYTICAL, ANALYTICAL_NOUNS),
    ("deliberate", DELIBERATE, DELIBERATE_NOUNS),
)
KIND_OF: Final[dict[str, tuple[str, str]]] = {
    word: (kind, base)
    for kind, verbs, nouns in _TABLE
    for word, base in (*((form, verb) for verb in verbs for form in forms(verb)), *nouns.items())
}
"""Word in lower case → (mechanical, analytical or deliberate; its base); the later row wins a word of two."""
FINITE: Final = frozenset(word for _, verbs, _ in _TABLE for verb in verbs for word in (verb, plural(verb)))
"""Words that can be the verb of a sentence: `list`, `lists`, `review`."""
NOT_ALONE: Final = FINITE - {*ANALYTICAL_NOUNS, *DELIBERATE_NOUNS}
"""Words that may as well be nouns (`list`, `tests`, `plan`): they count only where a verb can stand."""
OPERATION: Final = re.compile(
    "|".join(rf"(?P<{family}>\b(?:{'|'.join(patterns)})\b)" for family, patterns in OPERATIONS.items()),
    re.IGNORECASE,
)
EASY_WORDS: Final = re.compile(rf"\b(?:{EASY})\b", re.IGNORECASE)
HARD_WORDS: Final = re.compile(rf"\b(?:{HARD})\b", re.IGNORECASE)
