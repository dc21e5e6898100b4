"""What gateways and relays make of OpenAI's interface: ends, envelopes, pages, refusals in other words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from assistant.core.errors import EngineError
from tests.engine.server_fixtures import Exchange, answer, fail
from tests.engine.test_openai_dialects import ask, events, said, served

WHOLE = {"choices": [{"index": 0, "message": {"content": "fine"}, "finish_reason": "stop"}]}


def pieces(
    *words: str, each: Any = None, last: Any = "stop", pause: float = 0.0
) -> Callable[[Exchange], None]:
    """A stream whose every event has a finish reason."""

    def behave(exchange: Exchange) -> None:
        exchange.begin()
        for word in words:
            exchange.delta(word, reason=each)
            time.sleep(pause)
        exchange.delta(reason=last)
        exchange.end()

    return behave


@pytest.mark.slow
@pytest.mark.parametrize("each", ["", " ", "null", "None", "NULL"])
def test_a_reason_that_says_nothing_ends_nothing(each: str) -> None:
    with served(pieces("a", "b", "c", each=each, pause=0.6)) as (engine, _):
        end = ask(engine)
    assert (end.text, end.reason) == ("abc", "stop")
    assert not any("finish reason" in note for note in end.notes)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("FinishReason.STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("FinishReason.MAX_TOKENS", "length"),
        ("SAFETY", "error"),
        ("CONTENT_FILTER", "error"),
    ],
)
def test_reasons_in_capitals_and_of_an_enumeration(word: str, reason: str) -> None:
    with served(pieces("a", last=word)) as (engine, _):
        assert ask(engine).reason == reason


LINES = b"".join(
    json.dumps({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": reason}]}).encode()
    + b"\n"
    for word, reason in (("fi", None), ("ne", None), ("", "stop"))
)
STREAM = b"".join(b"data: " + line + b"\n" for line in LINES.splitlines()) + b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "text/event-stream",
        "text/plain",
        "application/x-ndjson",
        "application/octet-stream",
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        json.dumps(WHOLE).encode(),
        json.dumps(WHOLE, indent=2).encode(),
        b"\xef\xbb\xbf" + json.dumps(WHOLE).encode(),
        b"data: " + json.dumps(WHOLE).encode() + b"\n\n",
        STREAM,
        LINES,
        b"".join(b"\x1e" + line + b"\n" for line in LINES.splitlines()),
    ],
)
def test_an_answer_is_read_in_any_envelope_under_any_content_type(kind: str, body: bytes) -> None:
    for size in (1, 9, len(body)):
        assert said(events(body, size)) == "fine"
    for status in (200, 201):
        with served(lambda e, s=status: e.refuse(s, body, {"Content-Type": kind}), warm_up=False) as (
            engine,
            _,
        ):
            end = ask(engine)
        assert (end.text, end.reason) == ("fine", "stop")


def test_an_empty_error_and_a_repeated_message_do_no_harm() -> None:
    def behave(exchange: Exchange) -> None:
        exchange.begin()
        for error in (None, "", {}, {"code": 0, "message": ""}):
            exchange.event({"choices": [{"index": 0, "delta": {"content": "a"}}], "error": error})
        last = {"index": 0, "delta": {}, "message": {"content": "aaaa"}, "finish_reason": "stop"}
        exchange.event({"choices": [last]})
        exchange.end()

    with served(behave) as (engine, _):
        end = ask(engine)
    assert (end.text, end.reason) == ("aaaa", "stop")


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": false, "errorMessage": "out of credit"}',
        b'{"base_resp": {"status_code": 1004, "status_msg": "out of credit"}}',
        b'{"choices": null, "fault": {"faultstring": "out of credit"}}',
        b'"out of credit"',
        b"error: out of credit",
        b"status: 1020\nreason: out of credit\n",
        b"\n\n  <!doctype html><p>out of credit</p>",
        b'data: {"base_resp": {"status_msg": "out of credit"}}\n\ndata: [DONE]\n\n',
        b'event: error\ndata: {\ndata:  "message": "out of credit"\ndata: }\n\n',
        b'data: {"choices": [{"delta": {}, "finish_reason": "error", "error": {"message": "out of credit"}}]}\n\n',
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/event-stream"])
def test_what_came_in_place_of_an_answer_is_quoted_and_asked_for_once(body: bytes, kind: str) -> None:
    with served(lambda e: e.refuse(200, body, {"Content-Type": kind})) as (engine, server):
        end = ask(engine)
    assert end.reason == "error"
    assert "out of credit" in end.error
    assert end.error.isprintable()
    assert len(server.generations) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "te\x1b[2Ja", "code": "\x1b]0;X\x07"}},
        {"detail": [{"loc": ["body", "\x1b[2J"], "msg": "x\u202e"}]},
        {"error": {"message": "k" * 100_000, "code": "z" * 100_000}},
    ],
)
def test_a_server_has_no_say_over_the_terminal(body: Any) -> None:
    with served(fail(400, body)) as (engine, _):
        end = ask(engine)
    assert end.error.isprintable()
    assert len(end.error) < 1000
    for name in ("\x1b[2Jm", "a\x00b", "m\ud83d", "b\u202e", " "):
        with served(answer("x"), models=[{"id": name}, {"id": "tiny"}]) as (engine, _):
            assert engine.prepare().name == "tiny"


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": 400, "message": "Unsupported param: seed"}},
        {"code": 3, "message": "unknown field: seed"},
        {"error": {"message": "Unknown parameter: seed.", "param": None}},
        {"error": "unknown field `seed`, expected one of `model`, `temperature`, `top_p`, `stream_options`"},
        {
            "message": "body must NOT have additional properties",
            "e": [{"params": {"additionalProperty": "seed"}}],
        },
        {"status": 400, "error": "Bad Request", "message": 'Unrecognized field "seed" (class a.B)'},
        {"error": {"issues": [{"code": "unrecognized_keys", "keys": ["seed"]}]}},
        {"error": {"message": "seed: Extra inputs are not permitted"}},
        {"message": "The parameter seed is not supported by this model."},
        {"errors": [{"source": {"pointer": "/seed"}, "detail": "is not allowed"}]},
    ],
)
def test_a_refused_field_is_found_in_the_words_of_any_framework(body: Any) -> None:
    def strict(exchange: Exchange) -> None:
        (fail(400, body) if "seed" in exchange.body else answer("fine"))(exchange)

    with served(strict, warm_up=False) as (engine, server):
        end = ask(engine)
    assert end.text == "fine"
    assert "the server takes no seed" in end.notes
    assert {"temperature", "top_p", "stream_options"} <= set(server.received[-1].body)


@pytest.mark.parametrize(
    ("words", "left_out", "kept"),
    [
        ("Unsupported value: 'temperature' does not support 0 with this model.", "temperature", "top_p"),
        ("`temperature` and `top_p` cannot both be specified for this model.", "top_p", "temperature"),
    ],
)
def test_a_model_with_fixed_sampling_is_used_and_the_finish_says_so(
    words: str, left_out: str, kept: str
) -> None:
    def strict(exchange: Exchange) -> None:
        (fail(400, {"error": words}) if left_out in exchange.body else answer("fine"))(exchange)

    with served(strict, warm_up=False) as (engine, server):
        end = ask(engine)
    assert end.text == "fine"
    assert f"the server takes no {left_out}" in end.notes
    assert kept in server.received[-1].body


def test_a_temperature_out_of_range_is_not_left_out() -> None:
    body = {"error": {"message": "Invalid 'temperature': above the maximum of 2.", "param": "temperature"}}
    with served(fail(400, body)) as (engine, server):
        assert "above the maximum" in ask(engine).error
    assert len(server.generations) == 1


@pytest.mark.parametrize(
    "words",
    [
        "'messages.0.role': Input should be 'user' or 'assistant'",
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "The first message must have role 'user'",
        "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.",
    ],
)
def test_no_system_turn_in_other_words(words: str) -> None:
    def strict(exchange: Exchange) -> None:
        has_system = any(message["role"] == "system" for message in exchange.body["messages"])
        (fail(400, {"error": {"message": words}}) if has_system else answer("fine"))(exchange)

    with served(strict, warm_up=False) as (engine, _):
        assert ask(engine).text == "fine"


@pytest.mark.parametrize(
    ("words", "overflow"),
    [
        (
            "The input token count (40000) exceeds the maximum number of tokens allowed (32768).",
            40000 + 64 - 32768,
        ),
        (
            "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 64 `max_new_tokens`",
            968,
        ),
        ("Input is too long for requested model.", 1),
        ("Prompt length (5000) is greater than max_seq_len 4096", 1),
        ("Please reduce the length of the messages or completion.", 1),
        ("max_tokens must be at least 1, got -904. (parameter=max_tokens, value=-904)", 1),
    ],
)
def test_a_dialogue_too_long_in_other_words(words: str, overflow: int) -> None:
    with served(fail(400, {"error": {"message": words}})) as (engine, _):
        end = ask(engine, sampling={"max_new_tokens": 64})
    assert "context" in end.error
    assert end.overflow == overflow


def test_a_rate_of_tokens_is_no_context() -> None:
    with served(fail(429, {"error": "Rate limit: too many tokens per minute"}, retry_after="999")) as (
        engine,
        _,
    ):
        end = ask(engine)
    assert end.overflow == 0
    assert "429" in end.error


@pytest.mark.parametrize(
    "location", ["https://sso.example/login?next=%2Fv1", "http://h:99999/v1/models", "/", ""]
)
def test_a_redirection_elsewhere_is_no_advice(location: str) -> None:
    with served(fail(307, b"", Location=location)) as (engine, _):
        end = ask(engine)
    assert "check --base-url" in end.error
    assert "use that" not in end.error


def test_lists_that_do_not_end_or_repeat_or_are_forbidden() -> None:
    with served(answer("x"), models=[{"id": "tiny"}, {"id": "tiny"}]) as (engine, _):
        assert engine.prepare().name == "tiny"
    with served(answer("x"), model_statuses=[403], options={"model": "tiny"}) as (engine, _):
        assert engine.prepare().name == "tiny"
    endless = b'{"data": ["' + b"x" * 9_000_000
    with (
        served(answer("x"), pages={"/v1/models": endless}) as (engine, _),
        pytest.raises(EngineError, match="list"),
    ):
        engine.prepare()
