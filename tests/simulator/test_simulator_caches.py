"""Prompt caches: nothing is lost, nothing is counted twice, and what was written is read."""

from __future__ import annotations

from itertools import count

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from simulator_harness import HAIKU, KEY, OPUS

from tierwise.simulator.caches import (
    BLOCK_TOKENS,
    FRAME_TOKENS,
    MIN_CACHEABLE_TOKENS,
    TTL_1H_S,
    TTL_5M_S,
    Piece,
    Prefixes,
    prompt_tokens,
    use_blocks,
    use_breakpoints,
)
from tierwise.simulator.provider import Provider
from tierwise.simulator.request import read_request

BIG = 8_000
"""Bytes of a text that is large enough to be cached."""


def piece(tokens: int, ttl_s: int | None = None, letter: str = "x") -> Piece:
    return Piece(letter.encode() * (tokens * 4), ttl_s)


PIECES = st.lists(
    st.builds(
        Piece,
        st.builds(lambda letter, size: letter * size, st.sampled_from([b"a", b"b"]), st.integers(0, 6_000)),
        st.sampled_from([None, None, TTL_5M_S, TTL_1H_S]),
    ),
    max_size=30,
)
PROMPTS = st.lists(PIECES, min_size=1, max_size=4)


@settings(max_examples=300)
@given(PROMPTS)
def test_fresh_read_and_written_are_the_whole_prompt(prompts):
    cache = Prefixes()
    for pieces in prompts:
        use = use_breakpoints(pieces, b"", cache)
        assert use.fresh + use.read + use.write_5m + use.write_1h == prompt_tokens(pieces)
        assert min(use.read, use.write_5m, use.write_1h) >= 0
        assert use.fresh >= FRAME_TOKENS


@settings(max_examples=300)
@given(PROMPTS, PIECES)
def test_the_same_prompt_again_reads_what_was_read_and_written(earlier, pieces):
    cache = Prefixes()
    for prompt in earlier:
        use_breakpoints(prompt, b"", cache)
    first, second = (use_breakpoints(pieces, b"", cache) for _ in range(2))
    assert second.read == first.read + first.write
    assert second.write == 0
    assert second.fresh == first.fresh


@settings(max_examples=200)
@given(PIECES, PIECES)
def test_a_longer_prompt_reads_at_least_its_marked_beginning(pieces, more):
    cache = Prefixes()
    first = use_breakpoints(pieces, b"", cache)
    marked = [*pieces, *more[: 20 - 1]]
    if marked:
        marked[-1] = Piece(marked[-1].content, TTL_5M_S)
    second = use_breakpoints(marked, b"", cache)
    assert second.read >= first.read + first.write


@settings(max_examples=100)
@given(PROMPTS, PIECES)
def test_another_seed_finds_nothing(earlier, pieces):
    cache = Prefixes()
    for prompt in [*earlier, pieces]:
        use_breakpoints(prompt, b"one", cache)
    assert use_breakpoints(pieces, b"two", cache).read == 0


@settings(max_examples=200)
@example([[Piece(b"a" * 6_141)]])
@given(PROMPTS)
def test_blocks_read_are_whole_large_enough_and_part_of_the_prompt(prompts):
    cache = Prefixes()
    for pieces in prompts:
        use = use_blocks(pieces, b"", cache)
        again = use_blocks(pieces, b"", cache)
        assert use.read == 0 or use.read >= MIN_CACHEABLE_TOKENS
        assert use.read % BLOCK_TOKENS == 0
        assert use.fresh >= FRAME_TOKENS
        assert use.prompt == again.prompt
        assert again.read >= use.read
        # what is left of a block may round up to a block's tokens: 509 of 512 bytes are 128 of 128
        assert again.read == 0 or again.fresh <= BLOCK_TOKENS + FRAME_TOKENS


def test_pieces_do_not_run_together():
    cache = Prefixes()
    use_breakpoints([Piece(b"x" * BIG), Piece(b"ab", TTL_5M_S)], b"", cache)
    assert use_breakpoints([Piece(b"x" * BIG + b"a"), Piece(b"b", TTL_5M_S)], b"", cache).read == 0


@pytest.mark.parametrize(
    ("tokens", "written"), [(MIN_CACHEABLE_TOKENS - 1, 0), (MIN_CACHEABLE_TOKENS, 1_024)]
)
def test_a_prefix_below_the_minimum_is_not_cached(tokens, written):
    assert use_breakpoints([piece(tokens, TTL_5M_S)], b"", Prefixes()).write == written


@pytest.mark.parametrize(("between", "read"), [(18, 2_000), (19, 0)])
def test_a_breakpoint_looks_back_twenty_positions(between, read):
    cache = Prefixes()
    use_breakpoints([piece(2_000, TTL_5M_S)], b"", cache)
    longer = [piece(2_000), *(piece(1) for _ in range(between)), piece(1, TTL_5M_S)]
    assert use_breakpoints(longer, b"", cache).read == read


def test_each_lifetime_is_counted_apart():
    pieces = [piece(2_000, TTL_1H_S), piece(100, TTL_5M_S, "y"), piece(7, None, "z")]
    use = use_breakpoints(pieces, b"", Prefixes())
    assert (use.write_1h, use.write_5m, use.fresh) == (2_000, 100, 7 + FRAME_TOKENS)


@pytest.mark.parametrize(
    ("ttl_s", "looks", "reads"),
    [
        (TTL_5M_S, [299], [2_000]),
        (TTL_5M_S, [300], [0]),
        (TTL_5M_S, [200, 400, 699, 999], [2_000, 2_000, 2_000, 0]),
        (TTL_1H_S, [3_599, 7_000], [2_000, 2_000]),
        (TTL_1H_S, [3_600], [0]),
    ],
)
def test_a_prefix_lives_as_long_as_asked_and_every_read_renews_it(clock, ttl_s, looks, reads):
    cache = Prefixes(clock)
    seen = []
    use_breakpoints([piece(2_000, ttl_s)], b"", cache)
    for clock.now in looks:
        seen.append(use_breakpoints([piece(2_000, ttl_s)], b"", cache).read)
    assert seen == reads


def test_a_read_does_not_lengthen_a_lifetime(clock):
    cache = Prefixes(clock)
    use_breakpoints([piece(2_000, TTL_5M_S)], b"", cache)
    assert use_breakpoints([piece(2_000, TTL_1H_S)], b"", cache).write_1h == 0
    clock.now = 300
    assert use_breakpoints([piece(2_000, TTL_1H_S)], b"", cache).read == 0


def test_a_read_renews_what_lies_inside_the_prefix(clock):
    cache = Prefixes(clock)
    inner, outer = piece(2_000, TTL_5M_S), piece(100, TTL_5M_S, "y")
    use_breakpoints([inner, outer], b"", cache)
    clock.now = 200
    use_breakpoints([piece(2_000), outer], b"", cache)
    clock.now = 400
    assert use_breakpoints([inner, piece(100, TTL_5M_S, "z")], b"", cache).read == 2_000


def test_the_store_is_bounded_and_drops_what_was_unused_longest():
    cache = Prefixes(capacity=2)
    for key in (b"a", b"b"):
        cache.store(key, TTL_5M_S)
    cache.refresh(b"a")
    cache.store(b"c", TTL_5M_S)
    assert [key in cache for key in (b"a", b"b", b"c")] == [True, False, True]
    assert len(cache) == 2


HEADERS = [(b"x-api-key", b"sk-dummy")]
MARK = {"type": "ephemeral"}


def context(text: str = "c" * BIG, **changes: object) -> dict[str, object]:
    """A request with a marked system prompt and a marked message."""
    body: dict[str, object] = {
        "model": OPUS,
        "max_tokens": 100,
        "system": [{"type": "text", "text": text, "cache_control": MARK}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "q", "cache_control": MARK}]}],
    }
    return body | changes


ANSWERED = [
    {"role": "user", "content": "q"},
    {"role": "assistant", "content": [{"type": "text", "text": "a"}]},
    {"role": "user", "content": [{"type": "text", "text": "r", "cache_control": MARK}]},
]
UNMARKED = [{"role": "user", "content": "q"}]
HOUR = [{"role": "user", "content": [{"type": "text", "text": "q", "cache_control": {**MARK, "ttl": "1h"}}]}]


@pytest.mark.parametrize(
    ("second", "headers", "outcome"),
    [
        pytest.param(context(), KEY, "read", id="the same again"),
        pytest.param(context(messages=ANSWERED), KEY, "read and write", id="the next step, marks moved"),
        pytest.param(context(messages=UNMARKED), KEY, "read", id="marks are not content"),
        pytest.param(context(stream=True, max_tokens=5), KEY, "read", id="what is no prompt"),
        pytest.param(context(model=HAIKU), KEY, "write", id="another model"),
        pytest.param(context(), KEY | {"x-api-key": "other"}, "write", id="another credential"),
        pytest.param(context(output_config={"effort": "low"}), KEY, "write", id="another effort"),
        pytest.param(context("d" * BIG), KEY, "write", id="another system prompt"),
        pytest.param(
            context(tools=[{"name": "T", "input_schema": {}}]), KEY, "write", id="a tool stands before it all"
        ),
    ],
)
def test_what_a_second_request_finds(web, sim, second, headers, outcome):
    first = web("POST", "/v1/messages", context()).json["usage"]
    assert first["cache_creation_input_tokens"] > 2_000
    assert first["cache_read_input_tokens"] == 0
    web("POST", "/v1/messages", second, headers)
    cache = sim.log[-1].cache
    assert (cache["read"] > 2_000) == outcome.startswith("read")
    assert (cache["write"] > 0) == outcome.endswith("write")


def test_a_switch_of_model_writes_again_and_the_way_back_reads(claude):
    tokens = [claude.messages.create(**context(model=model)).usage for model in (OPUS, HAIKU, OPUS)]
    written = tokens[0].cache_creation_input_tokens
    assert [usage.cache_creation_input_tokens for usage in tokens] == [written, written, 0]
    assert [usage.cache_read_input_tokens for usage in tokens] == [0, 0, written]


def test_a_mark_at_the_top_stands_for_the_last_block(claude):
    body = context(messages=UNMARKED, system="s" * BIG, cache_control={**MARK, "ttl": "1h"})
    first, second = (claude.messages.create(**body).usage for _ in range(2))
    assert first.cache_creation.ephemeral_1h_input_tokens == second.cache_read_input_tokens > 2_000


def test_a_mark_inside_a_tool_result_counts_and_is_not_content(claude):
    inner = {"type": "text", "text": "r" * BIG}
    call = {"type": "tool_use", "id": "t1", "name": "Read", "input": {}}
    reads = []
    for marked in (inner | {"cache_control": MARK}, inner | {"cache_control": MARK}, inner):
        result = {"type": "tool_result", "tool_use_id": "t1", "content": [marked]}
        if "cache_control" not in marked:
            result["cache_control"] = MARK
        messages = [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ]
        usage = claude.messages.create(model=OPUS, max_tokens=9, messages=messages).usage
        reads.append(usage.cache_read_input_tokens > 2_000)
    assert reads == [False, True, True]


def test_time_passes_for_the_caches_when_the_clock_says_so(web, clock):
    uses = []
    for clock.now in (0, 299, 700):
        web("POST", "/v1/messages", context())
        uses.append(web("GET", "/__log").json[-1]["cache"]["read"] > 0)
    assert uses == [False, True, False]


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ([MARK] * 5, "A maximum of 4 blocks with cache_control may be provided. Found 5."),
        ([MARK, {**MARK, "ttl": "1h"}], "ttl='1h' must not come after"),
    ],
)
def test_marks_that_the_protocol_forbids_are_refused(web, marks, message):
    blocks = [{"type": "text", "text": "a", "cache_control": mark} for mark in marks]
    reply = web.ask(system=blocks)
    assert reply.status == 400
    assert message in reply.json["error"]["message"]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=6), st.sampled_from(["5m", "1h"]))
def test_a_growing_session_reads_all_that_it_wrote(sizes, ttl):
    """Through the whole provider, as a client plays it: the mark moves on with the last message."""
    provider, numbers, messages, known = Provider(), count(1), [], 0
    for size in sizes:
        messages.append({"role": "user", "content": "w" * size})
        marked = [*messages]
        block = {"type": "text", "text": "w" * size, "cache_control": {"type": "ephemeral", "ttl": ttl}}
        marked[-1] = {"role": "user", "content": [block]}
        body = {"model": OPUS, "max_tokens": 9, "messages": marked}
        answers = []
        for path in ("/v1/messages/count_tokens", "/v1/messages"):
            request = read_request(next(numbers), "POST", path, "", HEADERS, msgspec.json.encode(body))
            answers.append(provider.answer(request))
        usage = answers[1].usage
        read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
        counted = msgspec.json.decode(answers[0].chunks[0])["input_tokens"]
        assert usage["input_tokens"] + read + written == counted
        assert read == known
        known = read + written
        messages.append({"role": "assistant", "content": "ok"})
