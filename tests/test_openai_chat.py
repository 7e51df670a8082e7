"""The OpenAI-compatible engine's own: what servers of that contract differ in. The rest is in test_claude_turns."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from calls.errors import SettingsError
from calls.settings import Settings
from nlu.assistant import Assistant
from nlu.openai_chat import OpenAiChat
from nlu.summary_by_model import ModelSummarizer
from tests.assistant_rig import EXPIRED, Bench, Desk, ask, head, rules, shipped, tuned
from tests.fakes.openai import KEY, FakeOpenAi, chunk, data
from tests.fakes.streams import Cut, Raw, Tool
from tests.test_claude import TURN, record


@pytest.fixture(scope="module")
def settings() -> Settings:
    return shipped()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench("openai") as bench:
        yield bench


@pytest.fixture
def fake(bench: Bench) -> FakeOpenAi:
    assert isinstance(bench.fake, FakeOpenAi)
    bench.fake.forget()
    return bench.fake


@pytest.fixture
def engine(fake: FakeOpenAi, settings: Settings) -> Iterator[Assistant]:
    """As the house makes it."""
    engine = OpenAiChat(tuned(settings), api_key=KEY, base_url=f"{fake.url}/v1", fallback=rules(settings), helpdesk=Desk())
    with closing(engine):
        yield engine


def test_the_request(engine: Assistant, fake: FakeOpenAi, settings: Settings) -> None:
    fake.will(head("gst_query"), "Look there. Anything else?")
    usage = ask(engine, "gst").usage
    body = fake.asked[0]
    assert (body["model"], body["stream"], body["stream_options"]) == ("test-model", True, {"include_usage": True})
    assert body["max_tokens"] == settings.assistant.max_reply_tokens
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]
    assert {tool["function"]["name"] for tool in body["tools"]} == {"look_up_tickets", "note_on_ticket", "transfer_to_human", "end_call"}
    assert (usage.input_tokens, usage.cache_read_tokens) == (3160 - 2944, 2944)


@pytest.mark.parametrize(
    ("forbidden", "taken"),
    [(("stream_options",), {"max_tokens"}), (("max_tokens",), {"max_completion_tokens", "stream_options"})],
    ids=["as Mistral", "as OpenAI's newer models"],
)
def test_servers_that_take_other_fields_are_asked_so_from_then_on(
    engine: Assistant, fake: FakeOpenAi, forbidden: tuple[str, ...], taken: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "forbids", forbidden)
    fake.will(head("gst_query"), "Look there. Anything else?")
    assert [ask(engine, "gst").usage.fell_back for _ in range(2)] == ["", ""]
    assert set(fake.asked[-1]) & {"max_tokens", "max_completion_tokens", "stream_options"} == taken
    before_last = len(fake.requests)
    ask(engine, "gst")
    assert len(fake.requests) == before_last + 1


def test_a_server_of_ones_own_needs_no_key(fake: FakeOpenAi, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "needs_key", False)
    fake.will(head("gst_query"), "Look there. Anything else?")
    keyless = OpenAiChat(tuned(settings), base_url=f"{fake.url}/v1/", fallback=rules(settings))
    with closing(keyless):
        assert ask(keyless, "gst").words == ["Look there.", "Anything else?"]
    assert "authorization" not in fake.requests[0].headers


def test_nobody_listens_at_the_address(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        engine = OpenAiChat(tuned(settings), base_url=f"http://127.0.0.1:{free.getsockname()[1]}/v1", fallback=rules(settings))
        with closing(engine):
            assert ask(engine, EXPIRED).usage.fell_back == "unreachable"


def test_what_is_missing_is_said(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"assistant\.model"):
        OpenAiChat(tuned(settings, model=""), api_key="k", fallback=rules(settings))
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        OpenAiChat(tuned(settings), fallback=rules(settings))


HEAD = {"model": "m"}


def test_shapes_that_servers_differ_in(engine: Assistant, fake: FakeOpenAi) -> None:
    """Comments, null choices, reasoning beside the answer, one big chunk, no [DONE]."""
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": None}
    parts = [
        b": OPENROUTER PROCESSING\n\n",
        chunk(HEAD, {"role": "assistant", "content": None, "reasoning_content": "The caller wants. "}),
        chunk(HEAD, {"content": head("gst_query") + "Look there. Anything else?"}),
        chunk(HEAD, {"content": ""}, "stop"),
        data({"choices": None, "usage": usage}),
    ]
    fake.will(*map(Raw, parts), Cut())
    reply = ask(engine, "gst")
    assert reply.words in (["Look there.", "Anything else?"], ["Look there.", "Is there anything else I can do for you?"])


def test_a_stream_without_done_but_with_its_reason_is_whole(engine: Assistant, fake: FakeOpenAi) -> None:
    fake.will(Raw(chunk(HEAD, {"content": head("gst_query") + "Look there. Anything else?"}, "stop")))
    assert ask(engine, "gst").words == ["Look there.", "Anything else?"]


def test_tool_calls_in_one_piece_and_all_at_index_0(engine: Assistant, fake: FakeOpenAi) -> None:
    call = {"index": 0, "type": "function"}
    both = [
        {**call, "id": "a", "function": {"name": "look_up_tickets", "arguments": "{}"}},
        {**call, "id": "b", "function": {"name": "note_on_ticket", "arguments": '{"text": "x"}'}},
    ]
    fake.will(head("other", asks="none"), Raw(chunk(HEAD, {"tool_calls": both}, "tool_calls")))
    fake.will(head("other"), "There is none. Anything else?")
    assert ask(engine, "my ticket").words[-2:] == ["There is none.", "Anything else?"]
    assert [message["tool_call_id"] for message in fake.asked[1]["messages"] if message["role"] == "tool"] == ["a", "b"]


def test_tool_results_are_messages_of_their_own(engine: Assistant, fake: FakeOpenAi) -> None:
    fake.will(head("other", asks="none"), "I look.", Tool("look_up_tickets"))
    fake.will(head("other"), "There is none. Anything else?")
    ask(engine, "my ticket")
    assert [message["role"] for message in fake.asked[1]["messages"]][-3:] == ["user", "assistant", "tool"]
    assert fake.asked[1]["messages"][-1]["content"] == '{"open_tickets": []}'


@pytest.mark.parametrize("code", [503, 529])
def test_overload(engine: Assistant, fake: FakeOpenAi, code: int) -> None:
    fake.will(status=code)
    assert ask(engine, EXPIRED).usage.fell_back == "overloaded"


def test_a_summary(bench: Bench, fake: FakeOpenAi, settings: Settings) -> None:
    fake.will("The licence has expired.")
    assert ModelSummarizer(settings, bench.model(tuned(settings))).summarise(record(TURN)) == "The licence has expired."
    assert "tools" not in fake.asked[0]
