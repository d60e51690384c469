"""Scripts: the first rule that holds answers, a turn follows the tool loop, mistakes are named at load."""

from __future__ import annotations

import json

import pytest
from simulator_harness import HAIKU, KEY, OPUS, asking

from tierwise.errors import ConfigError
from tierwise.simulator.script import Script
from tierwise.simulator.script_reading import load_script, script_of

TOOLS = [{"name": "Read", "input_schema": {}}, {"name": "Skill", "input_schema": {}}]
CALL = {"type": "tool_use", "id": "t1", "name": "Skill", "input": {"skill": "mapper"}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "Launching skill: mapper"}
BODY_OF_SKILL = {"type": "text", "text": "Base directory for this skill: /p/.claude/skills/mapper"}
LOOP = [
    {"role": "user", "content": "<system-reminder>skills: mapper</system-reminder>\nplease map"},
    {"role": "system", "content": "You are on opus"},
    {"role": "assistant", "content": [CALL]},
    {"role": "user", "content": [RESULT, BODY_OF_SKILL]},
    {"role": "system", "content": "Reminder of the day"},
]


def said(reply) -> str:
    return reply.json["content"][0]["text"]


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ({}, True),
        ({"api": "messages"}, True),
        ({"api": "chat"}, False),
        ({"path": "^/proj/x/v1/messages$"}, True),
        ({"path": "beta"}, False),
        ({"model": "opus"}, True),
        ({"model": "haiku"}, False),
        ({"body": '"name":"Skill"'}, True),
        ({"body": "nowhere"}, False),
        ({"system": "helper.*on opus"}, True),
        ({"system": "please map"}, False),
        ({"prompt": "^please map$"}, True),
        ({"prompt": "mapper"}, False),
        ({"first_user": "please map"}, True),
        ({"last_user": "Launching skill: mapper\nBase directory"}, True),
        ({"last_user": "please"}, False),
        ({"header": {"X-App": "^cli$"}}, True),
        ({"header": {"x-app": "web"}}, False),
        ({"header": {"x-none": "."}}, False),
        ({"has_tool": "Read"}, True),
        ({"has_tool": "Write"}, False),
        ({"last_tool_result_for": "Skill"}, True),
        ({"last_tool_result_for": "Read"}, False),
        ({"stream": False}, True),
        ({"stream": True}, False),
        ({"agent": True}, True),
        ({"agent": False}, False),
        ({"request_class": "subagent"}, True),
        ({"request_class": "main"}, False),
        ({"model": "opus", "prompt": "map", "stream": False}, True),
        ({"model": "opus", "prompt": "map", "stream": True}, False),
    ],
)
def test_a_rule_answers_if_all_that_it_asks_for_is_so(web, sim, play, match, holds):
    play([{"match": match, "respond": {"text": "rule"}}])
    headers = {"x-app": "cli", "x-claude-code-agent-id": "a1", "x-claude-code-request-class": "subagent"}
    body = {"model": OPUS, "max_tokens": 99, "system": "a helper", "messages": LOOP, "tools": TOOLS}
    reply = web("POST", "/proj/x/v1/messages?beta=true", body, KEY | headers)
    assert (said(reply) == "rule") == holds
    assert sim.log[0].rule == (0 if holds else None)


def test_the_first_rule_that_holds_answers_until_its_times_are_used_up(web, play):
    script = {
        "rules": [
            {"match": {"prompt": "a"}, "times": 2, "respond": {"text": "one"}},
            {"match": {"prompt": "a"}, "times": 1, "respond": {"text": "two"}},
        ],
        "default": {"text": "rest of {model}, {n}"},
    }
    play(script)
    assert [said(web.ask("a")) for _ in range(4)] == ["one", "one", "two", f"rest of {HAIKU}, 4"]
    play(script)
    assert said(web.ask("a")) == "one"


TURN = [
    {
        "match": {"prompt": "map"},
        "turn": [
            {"tool_calls": [{"name": "Skill", "input": {"skill": "mapper"}}]},
            {"tool_calls": [{"name": "Read", "input": {"file_path": "page.tsx"}}]},
            {"text": "done"},
        ],
    }
]


def _play_turn(web, messages) -> list[str]:
    """Tool names, then the text, as an agent's loop would run into them; `messages` grows."""
    seen = []
    while True:
        body = {"model": OPUS, "max_tokens": 99, "messages": messages, "tools": TOOLS}
        block = web("POST", "/v1/messages", body).json["content"][0]
        messages.append({"role": "assistant", "content": [block]})
        seen.append(block.get("name") or block["text"])
        if block["type"] == "text":
            return seen
        result = {"type": "tool_result", "tool_use_id": block["id"], "content": "map of the result"}
        messages.append({"role": "user", "content": [result, BODY_OF_SKILL]})
        messages.append({"role": "system", "content": "a reminder in mid-conversation"})


def test_a_turn_plays_a_skill_then_a_tool_then_ends_at_every_prompt(web, play):
    play(TURN)
    messages = [{"role": "user", "content": "map the page"}]
    assert _play_turn(web, messages) == ["Skill", "Read", "done"]
    messages.append({"role": "user", "content": "just talk"})
    assert _play_turn(web, messages)[0].startswith("Simulated answer")
    messages.append({"role": "user", "content": "<system-reminder>x</system-reminder> now map again"})
    assert _play_turn(web, messages) == ["Skill", "Read", "done"]


def test_a_retried_step_of_a_turn_is_answered_the_same(web, play):
    play(TURN)
    blocks = [web.ask("map", tools=TOOLS).json["content"][0] for _ in range(3)]
    assert {block["name"] for block in blocks} == {"Skill"}


def test_a_step_that_calls_a_tool_is_not_played_to_a_request_without_tools(web, play):
    play(TURN)
    assert said(web.ask("map: give this session a title")).startswith("Simulated answer")


def test_rules_without_api_or_path_leave_counts_and_lists_alone(web, play):
    play({"rules": [{"respond": {"status": 529}, "times": 1}], "default": {"status": 500}})
    count = {"model": OPUS, "messages": [{"role": "user", "content": "a"}]}
    assert web("POST", "/v1/messages/count_tokens", count).status == 200
    assert web("GET", "/v1/models").status == 200
    assert web("HEAD", "/").status == 200
    assert web.ask().status == 529
    assert web.ask().status == 500


def test_any_path_can_be_scripted(web, play):
    usage = {"raw_body": '{"spent": 1}', "raw_type": "application/json", "headers": {"X-Seen": "yes"}}
    play([{"match": {"path": "^/api/oauth/usage$"}, "respond": usage}])
    reply = web("GET", "/api/oauth/usage?x=1")
    assert (reply.status, reply.json, reply.headers["x-seen"]) == (200, {"spent": 1}, "yes")
    assert web("GET", "/api/oauth/other").status == 404


MISTAKES = {
    "rules": [
        {"match": {"promt": "x", "model": "(", "header": {"a": 3}, "stream": "yes"}, "respond": {}},
        {"match": [], "times": 0, "respond": {"status": 99, "usage_form": "half", "delay_ms": 60_001}},
        {"match": {}},
        {"respond": {}, "turn": [{}]},
        {"turn": [{"tool_calls": [{"name": "R"}]}], "times": 2},
        {"turn": []},
        7,
        {"respond": {"tool_calls": [{"input": {}}], "headers": {"a b": "x", "c": "d\ne"}, "error": 5}},
    ],
    "modls": [],
}


def test_every_mistake_in_a_script_is_named_with_its_rule_and_key():
    with pytest.raises(ConfigError) as caught:
        script_of(MISTAKES, "mine.json")
    lines = str(caught.value).splitlines()
    assert [line.split("`")[1] for line in lines] == [
        "rules[0].match.promt",
        "rules[0].match.model",
        "rules[0].match.header.a",
        "rules[0].match.stream",
        "rules[1].match",
        "rules[1].times",
        "rules[1].respond.status",
        "rules[1].respond.usage_form",
        "rules[1].respond.delay_ms",
        "rules[2]",
        "rules[3]",
        "rules[4].turn[0]",
        "rules[4].times",
        "rules[5].turn",
        "rules[6]",
        "rules[7].respond.tool_calls[0]",
        "rules[7].respond.headers.a b",
        "rules[7].respond.headers.c",
        "rules[7].respond.error",
        "modls",
    ]
    assert lines[0] == "mine.json: error: `rules[0].match.promt`: is not a key. Did you mean `prompt`?"


@pytest.mark.parametrize("value", [None, 5, "rules", {"rules": {}}, {"models": "x"}, [[]]])
def test_what_is_no_script_at_all_is_refused(value):
    with pytest.raises(ConfigError, match="script: error"):
        script_of(value)


def test_a_script_file_may_be_yaml_or_json(tmp_path):
    yaml, plain = tmp_path / "script.yaml", tmp_path / "script.json"
    yaml.write_text(
        "# what to say\n- match: {prompt: map}\n  turn:\n"
        "    - tool_calls: [{name: Read, input: {path: [a, {b: off}], n: 1}}]\n    - text: done\n"
    )
    step = {"tool_calls": [{"name": "Read", "input": {"path": ["a", {"b": "off"}], "n": 1}}]}
    plain.write_text(json.dumps([{"match": {"prompt": "map"}, "turn": [step, {"text": "done"}]}]))
    assert load_script(yaml).rules == load_script(plain).rules
    assert load_script(yaml).rules[0].steps[0].tool_calls[0].input == {"path": ["a", {"b": "off"}], "n": 1}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "- match: {promt: x}\n  respond: {}\n", "a.yaml:1: error: `rules[0].match.promt`"),
        ("a.yaml", "- respond: {text: a}\n- respond:\n    delay_ms: soon\n", "a.yaml:3: "),
        ("a.yaml", "a: [", "a.yaml:"),
        ("a.yaml", "rules: []\nrules: []\n", "twice"),
        ("a.json", "{", "a.json: the script is not JSON"),
        ("a.json", "[" * 5_000, "a.json: the script is not JSON"),
        ("a.json", '{"rules": 5}', "`rules`: is `5`, not a list"),
    ],
)
def test_a_bad_file_is_named_with_the_place(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_script(tmp_path / name)
    assert message in str(caught.value)


def test_a_missing_file_is_an_error_and_an_empty_one_has_no_rules(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_script(tmp_path / "none.yaml")
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert load_script(tmp_path / "empty.yaml") == Script()


def test_a_derived_answer_depends_on_nothing_but_the_request(web):
    first, second = (web.ask("map  the\npage " + "x" * 80) for _ in range(2))
    assert said(first) == said(second)
    assert "“map the page xxx" in said(first)
    assert said(first) != said(web.ask("another prompt"))


def test_a_chat_conversation_is_read_like_any_other(web, play):
    play(
        [
            {
                "match": {"system": "Be short", "last_tool_result_for": "read", "prompt": "^map$"},
                "respond": {"text": "yes"},
            }
        ]
    )
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for n, name in enumerate(("read", "list"))
    ]
    messages = [
        {"role": "developer", "content": "Be short"},
        {"role": "user", "content": [{"type": "text", "text": "map"}]},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c0", "content": "r"},
        {"role": "tool", "tool_call_id": "c1", "content": "l"},
    ]
    reply = web("POST", "/v1/chat/completions", {"model": "gpt", "messages": messages})
    assert reply.json["choices"][0]["message"]["content"] == "yes"


def test_a_script_is_replaced_over_http_and_a_bad_one_changes_nothing(web, sim):
    assert web("POST", "/__script", [{"respond": {"text": "new"}}]).json == {"ok": True, "rules": 1}
    refused = web("POST", "/__script", [{"respond": {"txt": "newer"}}])
    assert refused.status == 400
    assert "Did you mean `text`?" in refused.json["error"]
    assert said(web.ask(**asking())) == "new"
