"""Before the first generation: finding server and model, the words for what is wrong, seeds, and secrets."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest

from assistant.core.errors import EngineError, UsageError
from assistant.core.generation import Finish, Message, Progress, Request, Sampling
from assistant.engine.openai_server import OpenAIEngine, RetryPolicy
from assistant.engine.openai_server.endpoint import parse_address
from assistant.engine.openai_server.server_errors import server_words
from tests.engine.server_fixtures import Behaviour, Exchange, MisbehavingServer, answer, fail, hang, running

QUICK = RetryPolicy(first_wait=0.01, longest_wait=0.05, retries=2, first_token=20, prepare=5, connect=5)
ASK = Request(messages=(Message(role="user", content="Write add."),))


def prepare(server: MisbehavingServer, model: str | None = None, **options: Any) -> tuple[Any, OpenAIEngine]:
    engine = OpenAIEngine(server.url, model, **{"retry_policy": QUICK, "probe_seed": False, **options})
    try:
        return engine.prepare(), engine
    finally:
        engine.close()


def refusal(server: MisbehavingServer, model: str | None = None, **options: Any) -> str:
    """The one line that `prepare` raises."""
    with pytest.raises(EngineError) as caught:
        prepare(server, model, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_only_model_is_chosen() -> None:
    steps: list[Progress] = []
    with running(MisbehavingServer(models=[{"id": "qwen", "max_model_len": 4096}])) as server:
        engine = OpenAIEngine(server.url, retry_policy=QUICK, probe_seed=False)
        info = engine.prepare(steps.append)
        assert engine.prepare() == info
        engine.close()
    assert (info.engine, info.name, info.context_length) == ("openai", "qwen", 4096)
    assert info.base_url == server.url
    assert len(steps) >= 2
    assert len([received for received in server.received if received.body]) == 1, "warmed up once"


def test_one_of_several_models_has_to_be_named() -> None:
    with running(MisbehavingServer(models=[{"id": "a"}, {"id": "b"}])) as server:
        words = refusal(server)
        assert "--model" in words
        assert "a, b" in words
        assert prepare(server, "b")[0].name == "b"


def test_an_unknown_model_lists_those_there() -> None:
    models = [{"id": f"model-{number}"} for number in range(20)]
    with running(MisbehavingServer(models=models)) as server:
        words = refusal(server, "model-99")
    assert "model-99" in words
    assert "model-11 and 8 more" in words
    assert not any(received.body for received in server.received), "nothing was generated"


@pytest.mark.parametrize(
    ("owner", "field"),
    [("vllm", "thinking_token_budget"), ("llamacpp", "thinking_budget_tokens"), ("me", "")],
)
def test_a_bound_on_thinking_goes_where_the_server_has_a_field(owner: str, field: str) -> None:
    """Where it refuses the field, and where there is none, the answer says so."""
    bounded = ASK.model_copy(update={"sampling": Sampling(thinking_tokens=64)})
    refusing = {"error": {"message": "thinking_token_budget is set but reasoning_config is not configured"}}
    models = [{"id": "q", "owned_by": owner}]

    def generate(behaviour: Behaviour) -> tuple[list[Any], Finish]:
        with running(MisbehavingServer([behaviour], models=models)) as server:
            engine = OpenAIEngine(server.url, retry_policy=QUICK, probe_seed=False)
            engine.prepare()
            end = [item for item in engine.generate(bounded) if isinstance(item, Finish)][-1]
            engine.close()
            return [received.body for received in server.generations], end

    [body], end = generate(answer("x = 1"))
    sent = {name: value for name, value in body.items() if "thinking" in name}
    assert sent == ({field: 64} if field else {})
    assert any("max_tokens bounds it" in note for note in end.notes) == (not field)
    if owner == "vllm":

        def picky(exchange: Exchange) -> None:
            refused = "thinking_token_budget" in exchange.body
            (fail(400, refusing) if refused else answer("x = 1"))(exchange)

        bodies, end = generate(picky)
        assert [("thinking_token_budget" in body) for body in bodies] == [True, False]
        assert end.text == "x = 1" and "the server takes no thinking_token_budget" in end.notes


@pytest.mark.parametrize(
    ("page", "options", "bounded"),
    [
        ("server_info", {"enable_strict_thinking": True, "reasoning_parser": "qwen3"}, True),
        ("get_server_info", {"enable_strict_thinking": True, "reasoning_parser": "qwen3"}, True),
        ("server_info", {"serving": {"enable_strict_thinking": True, "reasoning_parser": "glm45"}}, True),
        ("server_info", {"enable_strict_thinking": True, "reasoning_parser": None}, False),
        ("server_info", {"enable_strict_thinking": False, "reasoning_parser": "qwen3"}, False),
        ("server_info", {"serving": 1}, False),
    ],
)
def test_sglang_is_sent_a_bound_where_it_keeps_one(page: str, options: dict[str, Any], bounded: bool) -> None:
    """Started otherwise, it takes the field and thinks on: then the answer says that nothing bounds it."""
    asked = ASK.model_copy(update={"sampling": Sampling(thinking_tokens=64)})
    models = [{"id": "q", "owned_by": "sglang"}]
    pages = {f"/{page}": {"version": "0.5.21", **options}}
    with running(MisbehavingServer([answer("x = 1")], models=models, pages=pages)) as server:
        engine = OpenAIEngine(server.url, retry_policy=QUICK, probe_seed=False)
        assert engine.prepare().versions["server"] == "SGLang 0.5.21"
        end = [item for item in engine.generate(asked) if isinstance(item, Finish)][-1]
        engine.close()
        [body] = [received.body for received in server.generations]
    assert body.get("custom_params") == ({"thinking_budget": 64} if bounded else None)
    assert any("max_tokens bounds it" in note for note in end.notes) != bounded


def test_ollama_lists_latest() -> None:
    models = [{"id": "qwen2.5-coder:latest", "owned_by": "library"}, {"id": "x", "owned_by": "library"}]
    with running(MisbehavingServer(models=models, pages={"/api/version": {"version": "0.12.3"}})) as server:
        info, _ = prepare(server, "qwen2.5-coder")
    assert info.name == "qwen2.5-coder:latest"
    assert info.versions == {"server": "Ollama 0.12.3"}


def test_vllm_is_known_and_asked_for_plain_sampling() -> None:
    models = [{"id": "q", "owned_by": "vllm", "max_model_len": 32768}]
    with running(MisbehavingServer(models=models, pages={"/version": {"version": "0.11.0"}})) as server:
        engine = OpenAIEngine(server.url, retry_policy=QUICK, probe_seed=False, extra={"min_p": 0.1})
        info = engine.prepare()
        list(engine.generate(ASK))
        engine.close()
    assert info.versions == {"server": "vLLM 0.11.0"}
    assert server.generations[0].body["repetition_penalty"] == 1.0
    assert server.generations[0].body["min_p"] == 0.1, "what the caller adds wins"


def test_a_server_that_drops_answers_gets_one_request_at_a_time() -> None:
    busy, most = [0], [0]

    def slow(exchange: Exchange) -> None:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        exchange.begin()
        time.sleep(0.1)
        busy[0] -= 1
        exchange.delta("done", reason="stop")
        exchange.end()

    with running(MisbehavingServer([slow], models=[{"id": "q", "owned_by": "me"}])) as server:
        engine = OpenAIEngine(server.url, retry_policy=QUICK, probe_seed=False)
        assert engine.prepare().versions == {"server": "llama-cpp-python"}
        ends = [i for i in engine.generate(ASK.model_copy(update={"samples": 4})) if isinstance(i, Finish)]
        engine.close()
    assert [end.text for end in ends] == ["done"] * 4
    assert most == [1]


def test_llama_server_tells_its_context() -> None:
    page = {"build_info": "b6700", "default_generation_settings": {"n_ctx": 2048}}
    models = [{"id": "q.gguf", "owned_by": "llamacpp"}]
    with running(MisbehavingServer(models=models, pages={"/props": page})) as server:
        info, _ = prepare(server)
    assert (info.context_length, info.versions["server"]) == (2048, "llama-server b6700")


def test_no_server_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = MisbehavingServer(url=f"http://127.0.0.1:{free.getsockname()[1]}/v1")
        words = refusal(server)
    assert "no server at" in words
    assert "--base-url" in words


def test_a_server_that_is_gone_when_it_is_needed() -> None:
    with running(MisbehavingServer()) as server:
        engine = OpenAIEngine(server.url, retry_policy=QUICK, probe_seed=False)
        engine.prepare()
    (end,) = engine.generate(ASK)
    engine.close()
    assert isinstance(end, Finish)
    assert end.reason == "error"
    assert "no server at" in end.error or "lost" in end.error


def test_generating_without_a_server_ends_in_a_finish() -> None:
    engine = OpenAIEngine("http://127.0.0.1:1/v1", "m", retry_policy=QUICK)
    (end,) = engine.generate(ASK)
    engine.close()
    assert isinstance(end, Finish)
    assert (end.reason, end.text) == ("error", "")


def test_a_missing_and_a_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(MisbehavingServer(key="sk-right-key")) as server:
        monkeypatch.delenv("MY_KEY", raising=False)
        assert "set MY_KEY" in refusal(server, api_key_env="MY_KEY")
        monkeypatch.setenv("MY_KEY", "sk-wrong-key")
        words = refusal(server, api_key_env="MY_KEY")
        assert "check the key in MY_KEY" in words
        assert "sk-wrong-key" not in words, "the server repeats the key, we do not"
        monkeypatch.setenv("MY_KEY", "sk-right-key")
        info, engine = prepare(server, api_key_env="MY_KEY")
    assert "sk-right-key" not in info.model_dump_json()
    assert "sk-right-key" not in repr(engine.address)


@pytest.mark.parametrize("length", [12, 40, 200])
def test_a_key_that_is_repeated_is_redacted_wherever_the_message_is_cut(length: int) -> None:
    key = "sk-" + "Ab3" * (length // 3)
    address = parse_address("http://127.0.0.1:1/v1", key)
    for before in range(200, 320, 3):
        body = json.dumps({"error": {"message": f"{'x' * before} {key} is not a key"}})
        said = address.hide(server_words(body.encode()))
        assert key[:6] not in said
    assert (
        address.hide(f"{key[:5]} {key} {key[:9]}… {key}{key}")
        == f"{key[:5]} [secret] [secret]… [secret][secret]"
    )


def test_credentials_in_the_address_are_sent_and_never_told() -> None:
    with running(MisbehavingServer()) as server:
        there = server.url.replace("http://", "http://me:pa55@") + "/?token=x#y"
        engine = OpenAIEngine(there, retry_policy=QUICK, probe_seed=False, api_key_env="NO_SUCH_VARIABLE")
        info = engine.prepare()
        engine.close()
    assert server.received[0].headers["authorization"].startswith("Basic ")
    assert info.base_url == server.url
    assert "pa55" not in info.model_dump_json() + repr(engine.address)


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x/v1", "http://", "http://[::1/v1"])
def test_a_malformed_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--base-url"):
        OpenAIEngine(url)


def test_v1_is_added_where_no_path_was_given() -> None:
    with running(MisbehavingServer()) as server:
        engine = OpenAIEngine(server.url.removesuffix("/v1"), retry_policy=QUICK, probe_seed=False)
        assert engine.prepare().base_url == server.url
        engine.close()


def test_a_wrong_path_is_named() -> None:
    with running(MisbehavingServer()) as server:
        server.url += "/extra"
        assert "/v1" in refusal(server)


def test_a_wrong_path_is_named_also_when_the_model_is() -> None:
    gone = fail(404, {"detail": "Not Found"})
    with running(MisbehavingServer([gone], model_statuses=[404], warm_up=False)) as server:
        assert "/v1" in refusal(server, "qwen")


def test_a_page_that_is_no_list_of_models() -> None:
    with running(MisbehavingServer(pages={"/v1/models": {"hello": "world"}})) as server:
        assert "not a list of models" in refusal(server)


def test_a_server_that_is_still_loading_is_waited_for() -> None:
    steps: list[str] = []
    with running(MisbehavingServer(model_statuses=[503, 503, 503])) as server:
        engine = OpenAIEngine(server.url, retry_policy=QUICK, probe_seed=False)
        engine.prepare(lambda progress: steps.append(progress.step))
        engine.close()
    assert "waiting for the server to be ready" in steps


def test_a_connection_lost_while_asking_for_models_is_tried_again() -> None:
    with running(MisbehavingServer(model_statuses=[500, 0, 500])) as server:
        assert prepare(server)[0].name == "tiny"


def test_preparing_can_be_cancelled() -> None:
    with running(MisbehavingServer([hang()], warm_up=False)) as server:
        engine, cancel = OpenAIEngine(server.url, retry_policy=QUICK), threading.Event()
        threading.Timer(0.3, cancel.set).start()
        started = time.perf_counter()
        with pytest.raises(EngineError, match="cancelled"):
            engine.prepare(cancel=cancel)
        assert server.hung_up.wait(10)
        assert time.perf_counter() - started < 10
        server.behaviours = [answer("now")]
        assert engine.prepare().name == "tiny", "it can be tried again"
        engine.close()


def test_a_model_that_cannot_answer_is_known_before_a_person_waits() -> None:
    broken = fail(400, {"error": {"message": "this model has no chat template"}})
    with running(MisbehavingServer([broken], warm_up=False)) as server:
        assert "no chat template" in refusal(server)


def test_a_server_without_a_list_takes_the_name_given() -> None:
    with running(MisbehavingServer(model_statuses=[404])) as server:
        assert prepare(server, "some/name")[0].name == "some/name"


def test_a_list_that_keeps_failing_is_done_without_when_the_model_is_named() -> None:
    with running(MisbehavingServer(model_statuses=[500] * 3)) as server:
        assert prepare(server, "/models/qwen")[0].name == "/models/qwen"


def by_seed(exchange: Exchange) -> None:
    answer(f"words of {exchange.body['seed']}")(exchange)


ALIKE = answer("same")


def always_new(exchange: Exchange) -> None:
    answer(f"words {time.perf_counter_ns()}")(exchange)


def test_one_odd_first_answer_is_not_held_against_a_seed() -> None:
    with running(MisbehavingServer([answer("rounded otherwise"), by_seed])) as server:
        engine = OpenAIEngine(server.url, retry_policy=QUICK)
        engine.prepare()
        server.behaviours = [answer("x")]
        *_, end = engine.generate(ASK)
        engine.close()
    assert isinstance(end, Finish)
    assert end.seed_honoured is True


@pytest.mark.parametrize(
    ("behaviour", "honoured"),
    [(by_seed, True), (always_new, False), (ALIKE, None), (fail(400), None)],
)
def test_whether_a_seed_is_honoured_is_tried(behaviour: Any, honoured: bool | None) -> None:
    with running(MisbehavingServer([behaviour])) as server:
        engine = OpenAIEngine(server.url, retry_policy=QUICK)
        engine.prepare()
        probes = [received.body for received in server.generations]
        assert len({body["seed"] for body in probes}) == 2
        assert all(body["temperature"] > 0 for body in probes)
        server.behaviours = [answer("x")]
        *_, end = engine.generate(ASK.model_copy(update={"sampling": Sampling(temperature=0.8)}))
        engine.close()
    assert isinstance(end, Finish)
    assert end.seed_honoured is honoured
    assert ("temperature" in " ".join(end.notes)) == (behaviour is ALIKE)


def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with running(MisbehavingServer()) as server:
        assert prepare(server)[0].name == "tiny"


def test_other_machines_are_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(MisbehavingServer()) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        engine = OpenAIEngine("http://model.invalid/v1", "m", retry_policy=QUICK)
        engine.prepare()
        engine.close()
    assert proxy.received[0].path == "http://model.invalid/v1/models"
