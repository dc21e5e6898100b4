"""Several servers as one engine: who is asked, who is left, and what is kept."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from assistant.core.errors import EngineError
from assistant.core.generation import Chunk, Finish, Message, Progress, Request
from assistant.engine.openai_server import OpenAIEngine, RetryPolicy, ServerRouter, open_servers
from tests.engine.server_fixtures import Behaviour, MisbehavingServer, answer, drop, fail, running

QUICK = RetryPolicy(
    first_wait=0.01, longest_wait=0.05, retries=2, first_token=20, between_tokens=20, connect=5
)
PATIENT = RetryPolicy(
    first_wait=600, longest_wait=600, retries=0, first_token=20, between_tokens=20, connect=5
)
"""A server that was lost is not asked again while another one answers."""
NOWHERE = "http://127.0.0.1:1/v1"
TOO_LONG = fail(400, {"error": {"message": "maximum context length is 10 tokens"}})


@contextmanager
def routed(*urls: str, **options: Any) -> Iterator[ServerRouter]:
    engine = open_servers(",".join(urls), **{"retry_policy": QUICK, "probe_seed": False, **options})
    assert isinstance(engine, ServerRouter)
    with closing(engine):
        yield engine


@contextmanager
def two(**options: Any) -> Iterator[tuple[ServerRouter, MisbehavingServer, MisbehavingServer]]:
    with (
        running(MisbehavingServer()) as a,
        running(MisbehavingServer()) as b,
        routed(a.url, b.url, **options) as r,
    ):
        r.prepare()
        yield r, a, b


def ask(router: ServerRouter, conversation: str = "", samples: int = 1) -> tuple[str, list[Finish]]:
    """What was shown, and the ends by sample."""
    request = Request(
        messages=(Message(role="user", content="Write add."),), conversation=conversation, samples=samples
    )
    items = list(router.generate(request))
    ends = sorted((item for item in items if isinstance(item, Finish)), key=lambda finish: finish.sample)
    assert [end.sample for end in ends] == list(range(samples))
    return "".join(item.text for item in items if isinstance(item, Chunk)), ends


def dialogue_of(router: ServerRouter, server: MisbehavingServer) -> str:
    """A dialogue that begins with this server."""
    names = (f"s{number}" for number in range(100))
    return next(name for name in names if ask(router, name)[1][0].server == server.url)


def test_a_dialogue_stays_and_dialogues_spread() -> None:
    with two() as (router, a, b):
        names = [f"s{number}" for number in range(30)]
        first = {name: ask(router, name)[1][0].server for name in names}
        assert {name: ask(router, f"{name}/arms")[1][0].server for name in names} == first
        assert min(Counter(first.values()).values()) >= 3 and set(first.values()) == {a.url, b.url}
        with routed(b.url, a.url) as later:
            assert {name: ask(later, name)[1][0].server for name in names} == first


@pytest.mark.parametrize(
    ("behaviours", "moves", "shown", "said"),
    [
        ([drop()], True, "Hello", ""),
        ([fail(500)], True, "Hello", ""),
        ([fail(503), answer("Mine")], False, "Mine", ""),
        ([drop("It ", "is")], True, "It is", "the partial text is kept"),
        ([TOO_LONG], False, "", "exceed the model's context"),
        ([fail(401)], False, "", "refuses us"),
    ],
)
def test_what_moves_a_dialogue(behaviours: list[Behaviour], moves: bool, shown: str, said: str) -> None:
    """A lost server, before anything was shown or after; not what any server would say."""
    with two() as (router, mine, other):
        dialogue = dialogue_of(router, mine)
        mine.behaviours, before = [*behaviours], len(other.generations)
        text, (end,) = ask(router, dialogue)
        assert text == end.text == shown
        assert (said in end.error) and bool(said) == (end.reason == "error")
        anew = moves and not said
        assert end.server == (other.url if anew else mine.url)
        assert len(other.generations) == before + anew
        assert any(mine.url in note and "another server" in note for note in end.notes) == anew
        mine.behaviours = [answer("Back")]
        text, (end,) = ask(router, dialogue)
        assert (text, end.server) == (("Hello", other.url) if moves else ("Back", mine.url))


def test_of_several_samples_only_those_are_asked_anew_of_which_nothing_was_shown() -> None:
    with two(retry_policy=PATIENT) as (router, mine, other):
        dialogue = dialogue_of(router, mine)
        mine.behaviours = [answer("Whole"), drop("Part"), drop()]
        before = len(other.generations)
        _, ends = ask(router, dialogue, samples=3)
        found = sorted((end.text, end.reason, end.server == mine.url) for end in ends)
        assert found == [("Hello", "stop", False), ("Part", "error", True), ("Whole", "stop", True)]
        assert len(other.generations) == before + 1
        assert len({end.seed for end in ends}) == 3


def test_where_nobody_answers_it_is_said_once_and_the_engine_stays_usable() -> None:
    with two() as (router, a, b):
        a.behaviours, b.behaviours = [drop()], [drop()]
        before = len(a.generations) + len(b.generations)
        text, (end,) = ask(router, "s")
        assert (text, end.reason, end.text) == ("", "error", "") and end.error
        asked = [r for r in (*a.generations, *b.generations) if r.body.get("stream")]
        assert len(asked) - before == 2 * (QUICK.retries + 1)
        a.behaviours = b.behaviours = [answer("Again")]
        assert ask(router, "s")[0] == "Again"


def test_a_server_that_is_not_there_at_first() -> None:
    steps: list[Progress] = []
    with running(MisbehavingServer()) as a, routed(NOWHERE, a.url) as router:
        info = router.prepare(steps.append)
        assert info.servers == (NOWHERE, a.url)
        assert any(NOWHERE in step.step and "others" in step.step for step in steps)
        assert {ask(router, f"s{number}")[1][0].server for number in range(8)} == {a.url}
    with (
        running(MisbehavingServer()) as a,
        running(MisbehavingServer(model_statuses=[401, 401])) as late,
        routed(a.url, late.url) as router,
    ):
        assert ask(router, "s0")[1][0].server == a.url
        until, number = time.monotonic() + 20, 1
        while ask(router, f"s{number}")[1][0].server != late.url:
            assert time.monotonic() < until, "new dialogues never begin there"
            number += 1
        assert ask(router, "s0")[1][0].server == a.url, "a dialogue that began elsewhere stays"
    with (
        routed(NOWHERE, "http://127.0.0.1:2/v1") as router,
        pytest.raises(EngineError, match="none of the 2"),
    ):
        router.prepare()


def test_servers_of_different_models_are_refused() -> None:
    with (
        running(MisbehavingServer()) as a,
        running(MisbehavingServer(models=[{"id": "large"}])) as b,
    ):
        with routed(a.url, b.url) as router, pytest.raises(EngineError) as refused:
            router.prepare()
        assert "\n" not in str(refused.value)
        assert f"tiny at {a.url}, large at {b.url}" in str(refused.value)
        with (
            routed(a.url, b.url, model="tiny") as router,
            pytest.raises(EngineError, match="no model 'tiny'") as refused,
        ):
            router.prepare()
        assert b.url in str(refused.value)


def test_one_address_is_one_server() -> None:
    engine = open_servers("http://localhost:8000/v1, http://localhost:8000/v1, http://localhost:8000/,")
    assert isinstance(engine, OpenAIEngine)
    engine.close()
