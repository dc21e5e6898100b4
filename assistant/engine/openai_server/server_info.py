"""What a server reports before the first generation: its models, its kind and version."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from assistant.core.errors import EngineError
from assistant.core.generation import Progress
from assistant.engine.openai_server.connection import TRANSPORT_ERRORS, ServerConnection
from assistant.engine.openai_server.safe_json import count, read_json
from assistant.engine.openai_server.server_errors import (
    ServerFailure,
    from_response,
    from_transport,
    one_line,
)
from assistant.engine.openai_server.streaming_request import read_capped

MOST_NAMES = 12
QUESTION_SECONDS = 10.0
LONGEST_PAUSE = 5.0
NAMED_RETRIES = 2
NO_LIST = (404, 405, 501)
NO_LEAVE = 403
"""Keys may be good for answers and not for the list."""

ONE_AT_A_TIME = frozenset({"llama-cpp-python", "transformers serve"})
"""Servers that answer one request at a time: the first drops the answer at hand when another request comes, the
second sets one seed for all of them when a request arrives."""

PLAIN_SAMPLING: dict[str, dict[str, Any]] = {
    "vLLM": {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0},
    "SGLang": {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0},
    "llama-server": {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0},
    "llama-cpp-python": {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0},
    # It draws only where the model's own settings say so, and has no field of its own to ask for it.
    "transformers serve": {
        "generation_config": '{"do_sample": true, "top_k": 0, "repetition_penalty": 1.0}',
    },
}
"""Turns off filters and penalties that a server adds by default, so that only temperature and top-p apply,
as with a local model. Qwen2.5-Coder's own settings, which vLLM takes over, punish repetition."""

THINKING_BOUND = {"vLLM": "thinking_token_budget", "llama-server": "thinking_budget_tokens"}
"""The field that bounds a model's thinking in tokens, where a server documents one for each request."""
STRICT_THINKING = "custom_params.thinking_budget"
"""SGLang's, a field within another. A server without `--enable-strict-thinking` takes it and does nothing."""


@dataclass(frozen=True)
class Listed:
    """A model that the server offers."""

    name: str
    context_length: int = 0
    owner: str = ""


@dataclass(frozen=True)
class Server:
    """The server program, as far as it can be recognised."""

    kind: str = ""
    version: str = ""
    context_length: int = 0
    plain_sampling: Mapping[str, Any] = field(default_factory=dict)
    thinking_bound: str = ""
    """The field that bounds the thinking, with a dot where it is within another; empty where none does."""


async def list_models(
    connection: ServerConnection, progress: Callable[[Progress], None], named: bool
) -> tuple[Listed, ...] | None:
    """The models at GET /models; None where there is no such list. Waits while the server loads its model.

    When the model is `named`, a list that keeps failing is done without: `transformers serve` has none before
    its machine has a hub cache. Raises EngineError.
    """
    retry, started = 0, asyncio.get_running_loop().time()
    while True:
        found = await _ask_for_list(connection, named)
        if not isinstance(found, ServerFailure):
            return found
        if named and found.status == 500 and retry >= NAMED_RETRIES:
            return None
        loading, policy = found.status == 503, connection.retry_policy
        waited = asyncio.get_running_loop().time() - started
        if not found.passing or waited > (policy.first_token if loading else policy.prepare):
            raise EngineError(connection.address.hide(str(found)))
        step = "waiting for the server to be ready" if loading else "asking the server again"
        progress(Progress(step=step))
        await asyncio.sleep(min(policy.wait(retry, found.wait), LONGEST_PAUSE))
        retry += 1


async def _ask_for_list(
    connection: ServerConnection, named: bool
) -> tuple[Listed, ...] | ServerFailure | None:
    """One try: the models, None where there is no such list, or what went wrong.

    Raises EngineError where no server is to be reached.
    """
    url = connection.address.url
    try:
        response, body = await _get(connection, url + "/models", connection.retry_policy.prepare)
    except TRANSPORT_ERRORS as error:
        failure = from_transport(error, url)
        if isinstance(error, (httpx.ConnectError, httpx.TimeoutException)):
            raise EngineError(connection.address.hide(str(failure))) from error
        return failure
    if response.status_code in NO_LIST or (named and response.status_code == NO_LEAVE):
        return None
    if response.status_code == httpx.codes.OK:
        return _listed(body, named, str(response.url))
    has_key = bool(connection.address.key or connection.address.user)
    return from_response(response, body, connection.key_variable, has_key)


class ModelMissing(EngineError):
    """The server answers, and which of its models is wanted cannot be told, or it has not that one."""


def choose(models: Sequence[Listed] | None, wanted: str | None, url: str) -> Listed:
    """The model named `wanted`, or the only one. Raises ModelMissing that lists those there."""
    if models is None and not wanted:
        raise ModelMissing(
            f"no list of models at {url}/models: does the address end in /v1? else give --model"
        )
    names = [model.name for model in models or ()]
    if not wanted:
        if len(names) == 1:
            return (models or ())[0]
        raise ModelMissing(
            f"the server has several models, name one with --model: {_some(names)}"
            if names
            else "the server lists no models: name the one to use with --model"
        )
    for model in models or ():
        # Ollama lists `name:latest` for `name`.
        if wanted in (model.name, model.name.removesuffix(":latest")):
            return model
    raise ModelMissing(f"the server has no model {wanted!r}; it has {_some(names) or 'none'}")


async def identify(connection: ServerConnection, models: Sequence[Listed] | None) -> Server:
    """The server program and its version; empty where unknown."""
    owner = models[0].owner if models else ""
    root = connection.address.root
    if owner == "vllm":
        return _server("vLLM", (await _ask(connection, f"{root}/version")).get("version"))
    if owner == "sglang":
        info = await _ask(connection, f"{root}/server_info")
        if "version" not in info:  # an older one, which has it there
            info = await _ask(connection, f"{root}/get_server_info")
        return _sglang(info)
    if owner == "library":
        return _server("Ollama", (await _ask(connection, f"{root}/api/version")).get("version"))
    if owner == "llamacpp":
        return _llama_server(await _ask(connection, f"{root}/props"))
    paths = (await _ask(connection, f"{root}/openapi.json")).get("paths")
    if isinstance(paths, dict) and "/load_model" in paths:
        return _server("transformers serve", None)
    if (isinstance(paths, dict) and "/v1/engines/copilot-codex/completions" in str(paths)) or owner == "me":
        return _server("llama-cpp-python", None)
    return Server()


def _server(kind: str, version: Any) -> Server:
    known_version = one_line(version) if isinstance(version, str) else ""
    return Server(
        kind,
        known_version,
        plain_sampling=PLAIN_SAMPLING.get(kind, {}),
        thinking_bound=THINKING_BOUND.get(kind, ""),
    )


def _sglang(info: Mapping[str, Any]) -> Server:
    """It lists the options that it was started with; newer ones in groups."""
    group = info.get("serving")
    options = group if isinstance(group, dict) else info
    strict = options.get("enable_strict_thinking") is True and bool(options.get("reasoning_parser"))
    server = _server("SGLang", info.get("version"))
    return replace(server, thinking_bound=STRICT_THINKING if strict else "")


def _llama_server(props: Mapping[str, Any]) -> Server:
    server = _server("llama-server", props.get("build_info"))
    settings = props.get("default_generation_settings")
    context = settings.get("n_ctx") if isinstance(settings, dict) else None
    return replace(server, context_length=count(context))


def _listed(content: bytes, named: bool, url: str) -> tuple[Listed, ...] | None:
    """The models in a list as OpenAI, Together (a bare list), Ollama (null for none) and others write it.

    None where it is no list and the model is `named`. Raises EngineError.
    """
    try:
        body = read_json(content)
    except ValueError:
        body = ""
    entries = body if isinstance(body, list) else None
    if isinstance(body, dict):
        present = [body[name] for name in ("data", "models") if name in body]
        entries = next(
            (value for value in present if isinstance(value, list)), [] if present == [None] else None
        )
    if entries is not None:
        return tuple({model.name: model for model in map(_entry, entries) if model.name}.values())
    if named:
        return None
    raise EngineError(f"{url} is not a list of models: does --base-url end in /v1? else give --model")


def _entry(entry: Any) -> Listed:
    if not isinstance(entry, dict):
        return Listed(entry if isinstance(entry, str) else "")
    name = next(
        (entry[n] for n in ("id", "name", "model", "model_name") if isinstance(entry.get(n), str)), ""
    )
    name = (
        name if name.isprintable() and name.strip() else ""
    )  # no server needs others, and a terminal obeys them
    sizes = (count(entry.get(n)) for n in ("max_model_len", "context_length", "context_window"))
    owner = entry.get("owned_by")
    return Listed(name, next((size for size in sizes if size), 0), owner if isinstance(owner, str) else "")


async def _get(connection: ServerConnection, url: str, seconds: float) -> tuple[httpx.Response, bytes]:
    """The answer and its body, cut off where it does not end."""
    try:
        async with asyncio.timeout(seconds), connection.client.stream("GET", url) as response:
            return response, await read_capped(response)
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"no answer within {seconds:g} seconds") from error


async def _ask(connection: ServerConnection, url: str) -> dict[str, Any]:
    """A JSON object from one of the server's own pages, or an empty one."""
    for _ in range(2):  # the first may meet a connection that the server has just given up
        try:
            body = read_json((await _get(connection, url, QUESTION_SECONDS))[1])
        except TRANSPORT_ERRORS:
            continue
        except ValueError:
            break
        return body if isinstance(body, dict) else {}
    return {}


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(one_line, names[:MOST_NAMES]))
    return shown + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
