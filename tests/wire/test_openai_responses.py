"""Responses requests: what is read from one, and splices that leave every other byte as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import WireError
from tierwise.wire.openai_responses import read_request, with_effort, with_max_tokens
from tierwise.wire.requests import ModelRequest, with_model

PATH = "/v1/responses"
MODEL = "gpt-6.1-sol"
SKILL = (
    "<skill>\n<name>{0}</name>\n<path>/shop/.agents/skills/{0}/SKILL.md</path>\n"
    "---\nname: {0}\n---\n# Do it.\n</skill>"
)
ENVIRONMENT = "<environment_context>\n  <cwd>/shop</cwd>\n</environment_context>"
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
STRANGE = st.sampled_from(
    [*("input", "instructions", "metadata", "reasoning", "stream", "max_output_tokens"), "prompt_cache_key"]
)

Item = dict[str, Any]


def user(*texts: str) -> Item:
    parts = [{"type": "input_text", "text": text} for text in texts]
    return {"type": "message", "role": "user", "content": parts}


def agent(text: str = "Done.") -> Item:
    parts = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "content": parts}


def called(name: str = "exec_command", result: str = "ok", id: str = "call_1", **input: Any) -> list[Item]:
    arguments = json.dumps(input)
    call = {"type": "function_call", "name": name, "call_id": id, "arguments": arguments}
    return [call, {"type": "function_call_output", "call_id": id, "output": result}]


def scripted(script: str, id: str = "call_1") -> list[Item]:
    call = {"type": "custom_tool_call", "name": "exec", "call_id": id, "input": script}
    return [
        call,
        {"type": "custom_tool_call_output", "call_id": id, "output": [{"type": "input_text", "text": "x"}]},
    ]


def read(headers: dict[str, str] | None = None, path: str = PATH, **body: Any) -> ModelRequest:
    return read_request(headers or {}, path, json.dumps({"model": MODEL, **body}).encode())


def skill(*items: Item | list[Item]) -> str:
    """The skill in use as how:name:folder, with ! where it begins; - for none."""
    flat = [item for each in items for item in (each if isinstance(each, list) else [each])]
    mark = read(input=[user(ENVIRONMENT), *flat]).skill
    return f"{mark.how}:{mark.name}:{mark.base_dir}{'!' if mark.boundary else ''}" if mark else "-"


class TestReading:
    def test_a_text_is_a_prompt(self) -> None:
        request = read(input="Hello.", max_output_tokens=50, stream=True, reasoning={"effort": "high"})
        assert (request.user_words, request.turn_begins, request.request_class) == ("Hello.", True, "main")
        assert (request.max_tokens, request.unbounded_answers, request.stream) == (50, 0, True)
        assert (request.effort, request.client, request.agent) == ("high", "", "")

    @pytest.mark.parametrize(
        "body", [b"", b"no json", b"[]", b"{}", b'{"model":5}', b'{"model":""}', b'{"a":' * 99_999]
    )
    def test_what_names_no_model_is_no_request(self, body: bytes) -> None:
        with pytest.raises(WireError):
            read_request({}, PATH, body)

    @given(st.dictionaries(STRANGE, SCALARS | st.lists(SCALARS | st.dictionaries(st.text(), SCALARS))))
    def test_what_is_strange_is_the_providers_business(self, strange: dict[str, Any]) -> None:
        body = json.dumps({"model": MODEL, **strange}).encode()
        assert read_request({}, PATH, body).session

    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(
                    ["type", "role", "content", "call_id", "arguments", "input", "action", "output"]
                ),
                SCALARS
                | st.sampled_from(
                    ["message", "user", "function_call", "custom_tool_call", "shell_call", "reasoning"]
                )
                | st.lists(st.dictionaries(st.sampled_from(["type", "text"]), SCALARS), max_size=2),
                max_size=4,
            ),
            max_size=6,
        )
    )
    def test_items_of_any_kind_are_read_without_harm(self, items: list[Item]) -> None:
        assert read(input=items).model == MODEL

    def test_codexs_metadata_may_be_anything(self) -> None:
        for said in ("", "{", "[]", '{"turn_id":5}', '{"request_kind":null}', "é"):
            request = read({"x-codex-turn-metadata": said}, input="Hi")
            assert (request.request_class, request.client) == ("main", "codex")
            assert request.turn

    def test_a_result_is_pending_until_the_model_speaks(self) -> None:
        found = {
            "type": "agent_message",
            "content": [{"type": "input_text", "text": "Message Type: FINAL_ANSWER"}],
        }
        assert read(input=[user("Go."), *called()]).tool_result_pending
        assert read(input=[user("Go."), *called(), found]).tool_result_pending
        assert not read(input=[user("Go."), *called(), agent(), user("On.")]).tool_result_pending
        assert not read(input="Hi").tool_result_pending


class TestSessions:
    def test_the_best_name_counts(self) -> None:
        named = [
            ("x-tierwise-session", "a"),
            ("session-id", "b"),
            ("x-session-id", "c"),
            ("x-session-affinity", "d"),
            ("x-codex-turn-metadata", '{"session_id":"e"}'),
        ]
        body = {"metadata": {"session_id": "f"}, "prompt_cache_key": "g", "user": "h"}
        for at, wanted in enumerate("abcde"):
            assert read(dict(named[at:]), **body).session == wanted
        assert read(**body).session == "f"
        assert read(prompt_cache_key="g", user="h").session == "g"

    def test_without_a_name_it_is_how_the_conversation_begins(self) -> None:
        begun = [user("Map it.")]
        session = read(input=begun, instructions="Be brief.").session
        assert session.startswith("begun-")
        assert (
            session
            == read(input=[*begun, *called(), agent(), user("More.")], instructions="Be brief.").session
        )
        assert session != read(input=begun).session
        assert session != read(input=[user("Other.")], instructions="Be brief.").session


class TestTurns:
    def test_goes_on_until_the_next_prompt(self) -> None:
        first = read(input=[user("Map.")])
        going_on = read(input=[user("Map."), *called()])
        second = read(input=[user("Map."), *called(), agent(), user("Map.")])
        assert first.turn == going_on.turn != second.turn
        assert [request.turn_begins for request in (first, going_on, second)] == [True, False, True]

    def test_prompts_that_follow_each_other_are_one_unless_the_first_was_broken_off(self) -> None:
        note, cut = user(ENVIRONMENT), user("<turn_aborted>\nby the user\n</turn_aborted>")
        assert read(input=[agent(), user("Map."), note, user("Use haiku.")]).user_words == "Map.\nUse haiku."
        assert read(input=[agent(), user("Map."), cut, user("Use haiku.")]).user_words == "Use haiku."

    @pytest.mark.parametrize(
        "text",
        [
            ENVIRONMENT,
            SKILL.format("mapper"),
            "# AGENTS.md instructions for /shop\n\n<INSTRUCTIONS>\nUse opus.\n</INSTRUCTIONS>",
            "<user_shell_command>\n<command>\nuse opus\n</command>\n</user_shell_command>",
            '<recommended_plugins kind="a">\nuse opus\n</recommended_plugins>',
            "Another language model started to solve this problem and produced a summary of it: use opus",
            "You are performing a CONTEXT CHECKPOINT COMPACTION. Use opus",
            "<a_tag_of_tomorrow>use opus</a_tag_of_tomorrow>",
        ],
    )
    def test_what_codex_writes_is_nobodys_words(self, text: str) -> None:
        assert read(input=[user("Go.")]).user_words == "Go."
        assert read(input=[user("Go."), user(text)]).user_words == "Go."
        assert read(input=[user("Go.", text)]).user_words == "Go."

    @pytest.mark.parametrize(
        "text",
        [
            "<div>use opus</div>",
            "<environment_context> is what I ask about",
            "What does # AGENTS.md instructions mean?",
            "<skill>\n<name>x</name>\n</skill>",
        ],
    )
    def test_what_only_begins_so_is_a_persons(self, text: str) -> None:
        assert read(input=[user(text)]).user_words == text

    def test_behind_an_editors_notes_stands_what_the_person_said(self) -> None:
        tabs = "# Context from my IDE setup:\n\n## Open tabs:\n- use-opus.md\n\n"
        text = f"{tabs}## My request for Codex:\nMap it.\n"
        assert read(input=[user(text)]).user_words == "Map it."

    def test_tools_and_agents_never_speak_for_the_user(self) -> None:
        message = {"type": "agent_message", "content": [{"type": "input_text", "text": "Use opus."}]}
        request = read(input=[user("Go."), *called(result="Use opus for everything."), message])
        assert request.user_words == "Go."

    def test_a_subagents_turn_begins_with_its_newest_task(self) -> None:
        def task(text: str) -> Item:
            texts = ("Message Type: NEW_TASK\nPayload:\n", text)
            return {
                "type": "agent_message",
                "content": [{"type": "input_text", "text": each} for each in texts],
            }

        headers = {"x-codex-parent-thread-id": "t-0", "thread-id": "t-1"}
        read_skill = called(cmd="cat /shop/a/SKILL.md")
        first = read(headers, input=[task("Map."), *read_skill])
        second = read(headers, input=[task("Map."), *read_skill, agent(), task("Now fix.")])
        assert (first.skill.name if first.skill else "", second.skill) == ("a", None)
        assert (first.turn == second.turn, second.turn_begins, second.user_words) == (False, True, "")


class TestSkills:
    MAPPER = "mapper:/shop/.agents/skills/mapper"

    def test_a_named_skill_is_in_use_until_the_next_prompt(self) -> None:
        begun = [user("$mapper x"), user(SKILL.format("mapper"))]
        assert skill(*begun) == f"typed:{self.MAPPER}!"
        assert skill(*begun, called()) == f"typed:{self.MAPPER}"
        assert skill(*begun, agent(), user("thanks")) == "-"

    def test_the_newest_of_several_counts(self) -> None:
        both = [user("$mapper $fixer"), user(SKILL.format("mapper")), user(SKILL.format("fixer"))]
        assert skill(*both).startswith("typed:fixer:")
        read_later = called(cmd="cat /shop/.agents/skills/mapper/SKILL.md")
        assert skill(*both, read_later) == f"tool:{self.MAPPER}!"

    @pytest.mark.parametrize(
        "call",
        [
            called(cmd="cat .agents/skills/mapper/SKILL.md"),
            called(cmd="cat SKILL.md", workdir="/shop/.agents/skills/mapper"),
            called(cmd="cat mapper/SKILL.md", workdir=".agents/skills"),
            called("shell", command=["bash", "-lc", "sed -n 1,99p .agents/skills/mapper/SKILL.md"]),
            called("shell_command", command="cat .agents/skills/mapper/SKILL.md", workdir=None),
            scripted('text(await tools.exec_command({cmd: "cat .agents/skills/mapper/SKILL.md"}));'),
            scripted("tools.exec_command({workdir: '/shop/.agents/skills/mapper', cmd: `cat SKILL.md`})"),
            scripted('tools.exec_command({"cmd":"cat \\"/shop/.agents/skills/mapper/SKILL.md\\""})'),
            scripted(
                'tools.exec_command({cmd: "ls", workdir: "/tmp"}); tools.exec_command({cmd: '
                '"cat .agents/skills/mapper/SKILL.md"})'
            ),
        ],
    )
    def test_a_skill_that_is_read_is_in_use(self, call: list[Item]) -> None:
        assert skill(user("Map."), call) == f"tool:{self.MAPPER}!"
        assert skill(user("Map."), call, called(id="call_2", cmd="ls")) == f"tool:{self.MAPPER}"

    def test_local_shells_read_too(self) -> None:
        action = {"type": "exec", "command": ["cat", ".agents/skills/mapper/SKILL.md"], "env": {}}
        local = {"type": "local_shell_call", "call_id": "c", "action": action, "status": "completed"}
        done = {"type": "local_shell_call_output", "call_id": "c", "output": "x"}
        assert skill(user("Map."), [local, done]) == f"tool:{self.MAPPER}!"
        shell = {
            "type": "shell_call",
            "call_id": "c",
            "action": {"commands": ["cat .agents/skills/mapper/SKILL.md"]},
        }
        assert skill(user("Map."), [shell, done | {"type": "shell_call_output"}]) == f"tool:{self.MAPPER}!"

    @pytest.mark.parametrize(
        "call",
        [
            called(cmd="cat .agents/skills/*/SKILL.md"),
            called(cmd="cat a/SKILL.md b/SKILL.md"),
            called(cmd="rg SKILL.md"),
            called(cmd="cat > x/SKILL.md"),
            called("note", text="cat /shop/a/SKILL.md"),
            called(cmd="cat /shop/a/SKILL.md")[:1],
            scripted('text("cat /shop/a/SKILL.md")'),
            scripted("const f = 'x'; tools.exec_command({cmd: `cat ${f}/SKILL.md`})"),
        ],
    )
    def test_what_reads_no_skill_or_several_at_once_uses_none(self, call: list[Item]) -> None:
        assert skill(user("Map."), call) == "-"

    def test_a_skill_in_a_result_or_an_answer_is_none(self) -> None:
        text = SKILL.format("mapper")
        assert skill(user("Go."), called(result=text)) == "-"
        assert skill(user("Go."), agent(text)) == "-"
        developer = user(text) | {"role": "developer"}
        assert skill(user("Go."), developer) == "-"


class TestSplices:
    @pytest.mark.parametrize(
        ("body", "wanted"),
        [
            ('{"max_output_tokens" : 90, "m":1}', '{"max_output_tokens" : 40, "m":1}'),
            ('{"max_output_tokens":null}', '{"max_output_tokens":40}'),
            ('{ "m":1}', '{"max_output_tokens":40, "m":1}'),
            ("{}", '{"max_output_tokens":40}'),
        ],
    )
    def test_the_bound_is_lowered_or_put_in(self, body: str, wanted: str) -> None:
        assert with_max_tokens(body.encode(), 40) == wanted.encode()

    def test_effort_is_changed_where_it_is_asked_for(self) -> None:
        body = b'{"reasoning" : {"context":"all_turns", "effort" : "high" }}'
        assert with_effort(body, "low") == body.replace(b"high", b"low")
        for body in (b'{"reasoning":null}', b'{"reasoning":{"effort":null}}', b'{"model":"m"}'):
            assert with_effort(body, "low") == body

    @given(
        st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["model", "reasoning", "max_output_tokens"]),
            SCALARS | st.lists(SCALARS, max_size=3),
            max_size=5,
        ),
        st.booleans(),
        st.integers(0, 4),
    )
    def test_what_is_read_is_the_same_but_for_what_was_wanted(
        self, rest: dict[str, Any], ascii: bool, indent: int
    ) -> None:
        rest = {**rest, "model": "old", "reasoning": {"effort": "high", "x": rest}}
        body = json.dumps(rest, ensure_ascii=ascii, indent=indent or None).encode(errors="replace")
        known = json.loads(body)
        assert json.loads(with_model(body, "new")) == {**known, "model": "new"}
        assert json.loads(with_max_tokens(body, 7)) == {**known, "max_output_tokens": 7}
        lower = {**known["reasoning"], "effort": "low"}
        assert json.loads(with_effort(body, "low")) == {**known, "reasoning": lower}
