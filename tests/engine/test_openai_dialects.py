"""Servers that speak OpenAI's interface with an accent: what they mean is read, or said in one clear line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.errors import EngineError, UsageError
from assistant.core.generation import Finish, Message, Request, Sampling
from assistant.engine.openai_server import OpenAIEngine
from assistant.engine.openai_server.endpoint import new_client, parse_address, proxy_for
from assistant.engine.openai_server.streaming import EventReader, ServerEvent
from tests.engine.server_fixtures import Behaviour, Exchange, MisbehavingServer, answer, fail, running
from tests.engine.test_openai import QUICK, collect


@contextmanager
def served(*behaviours: Behaviour, **fields: Any) -> Iterator[tuple[OpenAIEngine, MisbehavingServer]]:
    """An engine that is not prepared, and its server."""
    options = fields.pop("options", {})
    with running(MisbehavingServer(list(behaviours), **fields)) as server:
        engine = OpenAIEngine(server.url, **{"retry_policy": QUICK, "probe_seed": False, **options})
        try:
            yield engine, server
        finally:
            engine.close()


def ask(engine: OpenAIEngine, **fields: Any) -> Finish:
    messages = [Message(role="system", content="Be brief."), Message(role="user", content="Write add.")]
    _, ends = collect(engine, Request.model_validate({"messages": messages, **fields}))
    return ends[0]


def stream(*pieces: bytes) -> Behaviour:
    """These bytes, as they are."""

    def behave(exchange: Exchange) -> None:
        exchange.begin()
        for piece in pieces:
            exchange.raw(piece)
        exchange.raw(b"")

    return behave


def events(data: bytes, size: int) -> list[ServerEvent]:
    reader = EventReader()
    found = [e for at in range(0, len(data), size) for e in reader.feed(data[at : at + size])]
    return [*found, *reader.flush()]


def said(found: list[ServerEvent]) -> str:
    return "".join(d.text for e in found for d in e.deltas)


WORDS = ["def ", "é→🙂", "\u2028", " f()", '"\\n"']


@given(
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.booleans(),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.sampled_from([b"data: ", b"data:"]),
    st.booleans(),
    st.integers(1, 40),
)
def test_streams_by_the_standard_in_pieces_of_any_size(
    end: bytes, several: bool, mark: bytes, field: bytes, comments: bool, size: int
) -> None:
    blocks = []
    for word in WORDS:
        body = json.dumps(
            {"choices": [{"index": 0, "delta": {"content": word}}]}, indent=1 if several else None
        )
        lines = [field + line.encode() for line in body.split("\n")]
        lines = [b": still here", b"event: message", b"id: 3", *lines] if comments else lines
        blocks.append(end.join([*lines, b"", b""]))
    found = events(mark + b"".join(blocks) + field + b"[DONE]" + end + end, size)
    assert said(found) == "".join(WORDS)
    assert not any(event.malformed for event in found)
    assert found[-1].done


def test_events_without_empty_lines_between_them() -> None:
    data = b"".join(b'data: {"choices":[{"delta":{"content":"%d"}}]}\n' % n for n in range(5))
    assert said(events(data, 7)) == "01234"


@pytest.mark.parametrize("count", [1, 2])
def test_a_long_line_takes_time_in_proportion(count: int) -> None:
    piece = b"x" * 65536
    reader = EventReader()
    found = [e for n in range(64 * count) for e in reader.feed(b"data: " + piece if not n else piece)]
    assert [e.error for e in found] == ["it sent a line of more than 4 MB"] * len(found)


@pytest.mark.parametrize(
    "body",
    [
        b'event: error\ndata: {"message": "out of slots", "type": "x"}\n\n',
        b"event: error\ndata: out of slots\n\n",
        b'data: {"detail": "out of slots"}\n\n',
        b'data: {"message": "out of slots", "type": "x"}\n\n',
        b'data: {"error": "out of slots"}\n\n',
        b'data: {"error": {"message": "out of slots"}}\n\n',
        b'error: {"message": "out of slots", "code": 400}\n\n',
        b'data: {"object": "error", "message": "out of slots"}\n\n',
    ],
)
def test_an_error_in_a_stream_is_told_with_its_reason_and_asked_once(body: bytes) -> None:
    with served(stream(body)) as (engine, server):
        end = ask(engine)
        assert end.reason == "error"
        assert "out of slots" in end.error
        assert len(server.generations) == 1


PAGE = b"<html><head><style>p {}</style></head><body><h1>Sign in</h1><p>to the proxy &amp; go on</p></body></html>"


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "text/event-stream", "text/plain"])
def test_a_page_in_place_of_an_answer_is_quoted_and_asked_for_once(kind: str) -> None:
    with served(lambda e: e.refuse(200, PAGE, {"Content-Type": kind})) as (engine, server):
        end = ask(engine)
    assert end.reason == "error"
    assert "Sign in" in end.error
    assert "\n" not in end.error
    assert len(server.generations) == 1


def test_json_nested_too_deep_is_no_surprise() -> None:
    deep = b"[" * 100_000
    for behaviour in (
        stream(b"data: " + deep + b"\n\n"),
        lambda e: e.refuse(200, deep),
        lambda e: e.refuse(400, deep),
    ):
        with served(behaviour) as (engine, _):
            end = ask(engine)
        assert end.reason == "error"
        assert "unforeseen" not in end.error
        assert "Recursion" not in end.error


@pytest.mark.parametrize(
    ("field", "body"),
    [
        (name, shape)
        for name in ("stream_options", "seed", "max_tokens", "stop")
        for shape in (
            {
                "detail": [
                    {
                        "loc": ["body", name],
                        "msg": "Extra inputs are not permitted",
                        "type": "extra_forbidden",
                    }
                ]
            },
            {
                "detail": [
                    {"type": "value_error.extra", "loc": ["body", name], "msg": "extra fields not permitted"}
                ]
            },
            {"error": {"message": "Unrecognized request argument", "param": name}},
            {"error": {"message": f"Unrecognized request argument supplied: '{name}'"}},
        )
        if (name, "Unrecognized" in str(shape) and "param" not in str(shape)) != ("max_tokens", True)
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_field_that_the_server_refuses_is_left_out(field: str, body: Any, status: int) -> None:
    def strict(exchange: Exchange) -> None:
        (fail(status, body) if field in exchange.body else answer("fine"))(exchange)

    with served(strict, warm_up=False) as (engine, server):
        assert ask(engine, stop=("x",)).text == "fine"
        before = len(server.received)
        assert ask(engine, stop=("x",)).text == "fine"
    assert len(server.received) == before + 1, "it is learned once"


@pytest.mark.parametrize(
    ("content", "text", "thinking"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab", 0),
        (["a", "b"], "ab", 0),
        ({"type": "text", "text": "ab"}, "ab", 0),
        ([{"text": "ab"}], "ab", 0),
        (
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "ab"},
            ],
            "ab",
            2,
        ),
        ([{"type": "image_url", "image_url": {"url": "x"}}, {"type": "output_text", "text": "ab"}], "ab", 0),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_content_as_a_list_of_parts(content: Any, text: str, thinking: int, whole: bool) -> None:
    choice = {"index": 0, "finish_reason": "stop", "message" if whole else "delta": {"content": content}}

    def behave(exchange: Exchange) -> None:
        if whole:
            exchange.refuse(200, {"choices": [choice]})
            return
        exchange.begin()
        exchange.event({"choices": [choice]})
        exchange.end()

    with served(behave) as (engine, _):
        end = ask(engine)
    assert (end.text, end.thinking_characters, end.reason) == (text, thinking, "stop")


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        ({"refusal": "I cannot help with that."}, "refuses to answer: I cannot help with that."),
        ({"content": [{"type": "refusal", "refusal": "I cannot."}]}, "refuses to answer: I cannot."),
        ({"tool_calls": [{"function": {"name": "f"}}]}, "called a tool"),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_an_answer_without_text_says_why(delta: Any, words: str, whole: bool) -> None:
    choice = {"index": 0, "finish_reason": "stop", "message" if whole else "delta": delta}

    def behave(exchange: Exchange) -> None:
        if whole:
            exchange.refuse(200, {"choices": [choice]})
            return
        exchange.begin()
        exchange.event({"choices": [choice]})
        exchange.end()

    with served(behave) as (engine, _):
        end = ask(engine)
    assert end.reason == "error"
    assert words in end.error


@pytest.mark.parametrize(
    "listed",
    [
        [{"id": "tiny"}],
        {"data": [{"id": "tiny", "max_model_len": None}]},
        {"models": [{"name": "tiny"}]},
        ["tiny"],
        {"data": [{"id": "tiny", "max_model_len": 1e308}, {"id": 7}, None, {}]},
        {"data": [{"id": "tiny", "max_model_len": "many", "owned_by": 4}]},
    ],
)
def test_lists_of_models_in_every_shape(listed: Any) -> None:
    with served(answer("hi"), pages={"/v1/models": listed}) as (engine, _):
        assert engine.prepare().name == "tiny"


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": null}',
        b"{}",
        b"[" * 100_000,
        b'{"data": [{"id": "x", "max_model_len": 1e999}]}',
        b"hello",
        b"9" * 6000,
    ],
)
def test_a_list_that_says_nothing_is_no_hindrance_to_a_named_model(body: bytes) -> None:
    with served(answer("hi"), pages={"/v1/models": body}, options={"model": "x"}) as (engine, _):
        assert engine.prepare().name == "x"
    with served(answer("hi"), pages={"/v1/models": body}) as (engine, _):
        try:
            engine.prepare()
        except EngineError as error:
            assert "--model" in str(error)


def test_halves_of_characters_are_joined_and_lone_ones_replaced() -> None:
    with served(answer("a\ud83d", "\ude00b", "\udc00c\ud83d", "d\ud83d")) as (engine, _):
        end = ask(engine)
    assert end.text == "a\U0001f600b\ufffdc\ufffdd\ufffd" or end.text == "a\U0001f600b\ufffdc\ufffdd"
    end.text.encode("utf-8")


@pytest.mark.parametrize("index", [-1, 1, 5])
def test_a_choice_that_was_not_asked_for_is_not_taken(index: int) -> None:
    with served(answer("wrong", index=index), answer("right")) as (engine, _):
        end = ask(engine)
    assert "wrong" not in end.text


@pytest.mark.slow
def test_a_stream_without_end_is_cut_at_the_limit() -> None:
    def endless(exchange: Exchange) -> None:
        exchange.begin()
        try:
            while True:
                exchange.delta("word " * 50)
        except OSError:
            return

    with served(endless) as (engine, _):
        end = ask(engine, sampling=Sampling(max_new_tokens=20))
    assert end.reason == "length"
    assert len(end.text) < 20_000
    assert any("beyond the limit" in note for note in end.notes)


def test_thinking_that_nothing_announced_is_found_out_later() -> None:
    draft = "Maybe:\n```python\ndef f(x):\n    return 0\n```\nNo.\n"
    right = "```python\ndef f(x):\n    return x\n```"
    with served(
        answer(*[(draft + "</think>\n" + right + "\nBye.\n")[i : i + 9] for i in range(0, 200, 9)])
    ) as (engine, _):
        end = ask(engine, until_program="f")
    assert end.text == f"{draft}</think>\n{right}"
    assert end.thinking_characters == len(draft)


def refuses_system(exchange: Exchange) -> None:
    roles = [m["role"] for m in exchange.body.get("messages", [])]
    if "system" in roles:
        fail(400, {"object": "error", "message": "System role not supported", "code": 400})(exchange)
    else:
        answer("fine")(exchange)


def test_a_model_without_a_system_turn_is_found_when_preparing() -> None:
    with served(refuses_system, warm_up=False) as (engine, server):
        assert engine.prepare().takes_system is False
        assert ask(engine).text == "fine"
    assert server.received[-1].body["messages"] == [{"role": "user", "content": "Be brief.\n\nWrite add."}]
    with served(answer("fine")) as (engine, _):
        assert engine.prepare().takes_system is True


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://api.example/v1/chat/completions", "https://api.example/v1"),
        ("/v2/chat/completions", "/v2:"),
        ("/other/v1/", "/other/v1:"),
    ],
)
def test_a_server_that_moved_is_told_by_its_base(location: str, told: str) -> None:
    with served(lambda e: e.refuse(307, b"", {"Location": location})) as (engine, _):
        end = ask(engine)
    assert told.rstrip(":") in end.error
    assert "completions" not in end.error


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:99999/v1", "http://127.0.0.1:0/v1", f"http://{'a' * 70}.example/v1", "http://a..b/v1"],
)
def test_addresses_that_cannot_be(url: str) -> None:
    with pytest.raises(UsageError, match="--base-url"):
        OpenAIEngine(url)


def test_a_key_with_other_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-é")
    with pytest.raises(UsageError, match="OPENAI_API_KEY") as caught:
        OpenAIEngine("http://localhost:1/v1")
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "variables", "expected"),
    [
        ("http://127.0.0.1:1/v1", {"ALL_PROXY": "socks5://x:1"}, None),
        ("http://localhost/v1", {"http_proxy": "http://x:1"}, None),
        ("http://[::1]:80/v1", {"HTTP_PROXY": "http://x:1"}, None),
        (
            "http://10.1.2.3/v1",
            {"HTTP_PROXY": "http://x:1", "NO_PROXY": "localhost,10.0.0.0/8,::1/128"},
            None,
        ),
        (
            "http://11.1.2.3/v1",
            {"HTTP_PROXY": "http://x:1", "NO_PROXY": "localhost,10.0.0.0/8,::1/128"},
            "http://x:1",
        ),
        ("https://a.b.example/v1", {"HTTPS_PROXY": "x:1", "NO_PROXY": ".c.example, b.example"}, None),
        ("https://a.b.example/v1", {"HTTPS_PROXY": "x:1", "no_proxy": "*.b.example"}, None),
        ("https://a.b.example/v1", {"HTTPS_PROXY": "x:1", "NO_PROXY": "example.org"}, "http://x:1"),
        ("https://ab.example/v1", {"HTTPS_PROXY": "x:1", "NO_PROXY": "b.example"}, "http://x:1"),
        ("http://a.example:8000/v1", {"ALL_PROXY": "http://x:1", "NO_PROXY": "a.example:8000"}, None),
        ("http://a.example:8000/v1", {"ALL_PROXY": "http://x:1", "NO_PROXY": "a.example:80"}, "http://x:1"),
        ("http://a.example/v1", {"HTTPS_PROXY": "http://x:1"}, None),
        ("http://a.example/v1", {"ALL_PROXY": "http://x:1", "NO_PROXY": "*"}, None),
        (
            "http://a.example/v1",
            {"HTTP_PROXY": "http://x:1", "NO_PROXY": "fe80::/10,[::1]:5,:,/,a/b/c"},
            "http://x:1",
        ),
    ],
)
def test_which_proxy_leads_to_a_host(url: str, variables: dict[str, str], expected: str | None) -> None:
    assert proxy_for(httpx.URL(url), variables.get)[1] == expected


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"HTTPS_PROXY": "socks5://127.0.0.1:1"}, "HTTPS_PROXY"),
        ({"all_proxy": "ftp://x"}, "all_proxy"),
        ({"HTTPS_PROXY": "http://x:notaport"}, "HTTPS_PROXY"),
        ({"SSL_CERT_FILE": "/nonexistent/cert.pem"}, "SSL_CERT_FILE"),
    ],
)
def test_a_wrong_variable_is_named(
    variables: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
        "SSL_CERT_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(EngineError, match=named):
        new_client(parse_address("https://a.example/v1"), 1.0)


def test_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.0/8,::1/128")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/cert.pem")
    with served(answer("hi")) as (engine, _):
        assert ask(engine).text == "hi"
