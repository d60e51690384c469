"""Faults on demand: errors, broken and cut streams, odd usage, delays; and clients live through them."""

from __future__ import annotations

import http.client
import json
import time

import anthropic
import pytest
from simulator_harness import KEY, asking

LOST = "incomplete chunked read"
"""What the SDK's transport says when a stream ends without its end."""
OVERLOADED = {"type": "overloaded_error", "message": "Busy"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (503, "api_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_a_scripted_status_has_the_protocols_error(claude, play, status, kind):
    headers = {"x-should-retry": "false", "retry-after": "2"}
    play([{"respond": {"status": status, "headers": headers}}])
    with pytest.raises(anthropic.APIStatusError) as caught:
        claude.messages.create(**asking())
    error = caught.value
    assert error.status_code == status
    assert error.body["error"]["type"] == kind
    assert error.response.headers["retry-after"] == "2"
    assert error.request_id == error.body["request_id"]


def test_a_scripted_error_keeps_its_own_words(claude, play):
    play([{"respond": {"status": 429, "error": {"type": "billing_error", "message": "Weekly budget spent"}}}])
    with pytest.raises(anthropic.RateLimitError, match="Weekly budget spent"):
        claude.messages.create(**asking())


def test_a_client_that_retries_gets_through(claude, play, sim):
    play([{"times": 2, "respond": {"status": 529, "headers": {"retry-after-ms": "1"}}}])
    message = claude.with_options(max_retries=2).messages.create(**asking())
    assert message.stop_reason == "end_turn"
    assert [entry.status for entry in sim.log] == [529, 529, 200]
    assert [entry.usage is None for entry in sim.log] == [True, True, False]


def test_an_error_in_mid_stream_reaches_the_sdk(claude, play):
    play([{"respond": {"text": "x" * 200, "sse_error": OVERLOADED}}])
    said: list[str] = []
    with pytest.raises(anthropic.APIStatusError, match="Busy"), claude.messages.stream(**asking()) as stream:
        said.extend(stream.text_stream)
    assert 0 < len("".join(said)) < 200


def test_without_a_stream_the_same_fault_is_a_status(claude, play):
    play([{"respond": {"sse_error": OVERLOADED}}])
    with pytest.raises(anthropic.APIStatusError) as caught:
        claude.messages.create(**asking())
    assert caught.value.status_code == 529


@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_stream_is_cut_behind_so_many_events(sim, play, after):
    play([{"respond": {"text": "x" * 200, "cut_after": after}}])
    connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=10)
    connection.request("POST", "/v1/messages", json.dumps(asking(stream=True)), KEY)
    response = connection.getresponse()
    assert response.status == 200
    received = b""
    with pytest.raises(http.client.IncompleteRead) as caught:
        received = response.read()
    received += caught.value.partial
    connection.close()
    assert received.count(b"\n\n") == after


def test_a_cut_stream_reaches_the_sdk_as_a_lost_connection(claude, play):
    play([{"respond": {"cut_after": 5}}])
    with pytest.raises(Exception, match=LOST), claude.messages.stream(**asking()) as stream:
        stream.get_final_message()


def test_a_plain_answer_is_cut_in_half(sim, play):
    play([{"respond": {"cut_after": 1}}])
    connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=10)
    connection.request("POST", "/v1/messages", json.dumps(asking()), KEY)
    response = connection.getresponse()
    announced = int(response.headers["content-length"])
    with pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    connection.close()
    assert len(caught.value.partial) == announced // 2


def test_the_next_request_is_served_after_a_cut(claude, play):
    play([{"times": 1, "respond": {"cut_after": 2}}])
    with pytest.raises(Exception, match=LOST), claude.messages.stream(**asking()) as stream:
        stream.get_final_message()
    assert claude.messages.create(**asking()).stop_reason == "end_turn"


def _usages(web) -> list[object]:
    """Every usage in a stream, in its order."""
    events = web.ask(stream=True).events
    found = [event.get("usage") or event.get("message", {}).get("usage") for event in events]
    return [usage for usage in found if usage is not None]


def test_repeated_usage_is_cumulative(web, play):
    play([{"respond": {"text": "x" * 400, "usage_form": "repeated"}}])
    assert [usage["output_tokens"] for usage in _usages(web)] == [1, 50, 100]


def test_zero_usage_is_zero_everywhere(web, play):
    play([{"respond": {"usage_form": "zero"}}])
    for usage in [*_usages(web), web.ask().json["usage"]]:
        counts = [value for value in usage.values() if isinstance(value, int)]
        assert counts
        assert not any(counts)


def test_missing_usage_is_nowhere(web, play, sim):
    play([{"respond": {"usage_form": "missing"}}])
    assert _usages(web) == []
    assert "usage" not in web.ask().json
    assert [entry.usage for entry in sim.log] == [{}, {}]


@pytest.mark.parametrize(("form", "usages"), [("full", 1), ("repeated", 7), ("zero", 1), ("missing", 0)])
def test_usage_forms_of_a_chat_stream(web, play, form, usages):
    play([{"respond": {"text": "x" * 64, "usage_form": form}}])
    body = {
        "model": "gpt",
        "messages": [{"role": "user", "content": "a"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    chunks = web("POST", "/v1/chat/completions", body).events[:-1]
    found = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    assert len(found) == usages
    assert all((usage["total_tokens"] == 0) == (form == "zero") for usage in found)


def test_scripted_usage_is_laid_over_the_simulated_one(claude, play):
    play([{"respond": {"usage": {"output_tokens": 12_345, "cache_read_input_tokens": 99}}}])
    usage = claude.messages.create(**asking()).usage
    assert (usage.output_tokens, usage.cache_read_input_tokens) == (12_345, 99)
    assert usage.input_tokens > 0
    with claude.messages.stream(**asking()) as stream:
        assert stream.get_final_message().usage.output_tokens == 12_345


def test_another_model_can_answer_and_another_reason_can_stop(claude, play):
    play([{"respond": {"text": "no", "model": "claude-of-tomorrow", "stop_reason": "refusal"}}])
    message = claude.messages.create(**asking())
    assert (message.model, message.stop_reason) == ("claude-of-tomorrow", "refusal")


@pytest.mark.parametrize("status", [200, 302, 502])
def test_raw_bytes_are_sent_as_they_are(web, play, status):
    play([{"respond": {"raw_body": "<html>Bad Gateway</html>", "raw_type": "text/html", "status": status}}])
    reply = web.ask()
    assert (reply.status, reply.body) == (status, b"<html>Bad Gateway</html>")
    assert reply.headers["content-type"] == "text/html"


def test_delays_are_kept_before_the_answer_and_between_its_events(web, play):
    play([{"respond": {"delay_ms": 60, "event_delay_ms": 10, "text": "x" * 64}}])
    before = time.perf_counter()
    events = web.ask(stream=True).events
    assert time.perf_counter() - before >= 0.060 + 0.010 * (len(events) - 1)
