"""Recorded steps, with a recorder that runs them again: all but the card's own replay."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from decoding_kit import ask, finishes, prompt_of, reference_greedy

from assistant.engine.inference.cuda_graphs import GraphedForward, Run
from assistant.engine.inference.decoder import Decoder
from assistant.engine.inference.llama_forward import PaddedForward
from assistant.engine.inference.llama_weights import build

TASK = "def add(a, b):\n    return a + b\n# again, please: "


class Recorder:
    """Counts recordings and replays."""

    def __init__(self) -> None:
        self.recordings = self.replays = 0

    def __call__(self, run: Run) -> Run:
        self.recordings += 1
        run()

        def replay() -> torch.Tensor:
            self.replays += 1
            return run()

        return replay


def made(model: Any, tokenizer: Any, recorder: Any) -> Decoder:
    decoder = Decoder(copy.deepcopy(model), tokenizer)
    decoder._forward = GraphedForward(build(copy.deepcopy(model), "float32"), recorder)
    return decoder


def test_a_later_answer_of_the_same_shape_replays_what_was_recorded(qwen: Any, tokenizer: Any) -> None:
    recorder = Recorder()
    decoder = made(qwen, tokenizer, recorder)
    for text in (TASK, TASK + "and once more"):
        [end] = finishes(decoder, ask(conversation="s"), prompt_of(text))
        assert list(end.output_ids or ()) == reference_greedy(qwen, prompt_of(text), 48)
    assert recorder.recordings == 2, "a token alone, and one with a draft"
    assert recorder.replays > 20


@pytest.mark.slow
def test_dialogues_that_share_the_memory_keep_what_they_said(qwen: Any, tokenizer: Any) -> None:
    decoder = made(qwen, tokenizer, Recorder())
    dialogues = {name: prompt_of(f"{name} {TASK}" * 2) for name in ("first", "second", "third")}
    known = dict.fromkeys(dialogues, 0)
    for _ in range(3):
        for name, prompt in dialogues.items():
            [end] = finishes(decoder, ask(conversation=name, tokens=20), prompt)
            assert list(end.output_ids or ()) == reference_greedy(qwen, prompt, 20)
            assert end.reused_tokens == known[name]
            prompt += end.output_ids or ()
            known[name] = len(prompt) - 1
            prompt += prompt_of(" no, ")


@pytest.mark.slow
def test_a_dialogue_moves_on_when_it_outgrows_the_memory(qwen: Any, tokenizer: Any) -> None:
    recorder = Recorder()
    prompt = prompt_of(TASK * 10)
    [end] = finishes(made(qwen, tokenizer, recorder), ask(tokens=200), prompt)
    assert len(prompt) < 512 < len(prompt) + 200
    assert list(end.output_ids or ()) == reference_greedy(qwen, prompt, 200)
    assert recorder.recordings >= 2


def test_large_steps_are_not_recorded(qwen: Any) -> None:
    recorder = Recorder()
    forward = GraphedForward(build(copy.deepcopy(qwen), "float32"), recorder)
    cache = forward.new_cache(9, 64)
    forward([[1, 2, 3]] * 9, cache, [0] * 9)
    forward([[4]] * 9, cache, [1] * 9)
    assert recorder.recordings == 0


@pytest.mark.parametrize("broken", ["recording", "replaying"])
def test_what_cannot_be_recorded_is_stepped_as_before(
    qwen: Any, tokenizer: Any, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    def refuse(run: Run) -> Run:
        raise RuntimeError("operation not permitted when stream is capturing")

    decoder = made(qwen, tokenizer, refuse if broken == "recording" else Recorder())
    if broken == "replaying":
        decoder._forward._recording = False  # type: ignore[attr-defined]
    [end] = finishes(decoder, ask(), prompt_of(TASK))
    assert list(end.output_ids or ()) == reference_greedy(qwen, prompt_of(TASK), 48)
    assert ("not recorded" in capsys.readouterr().err) == (broken == "recording")


def test_out_of_memory_lets_the_recordings_go(qwen: Any) -> None:
    def full(run: Run) -> Run:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    forward = GraphedForward(build(copy.deepcopy(qwen), "float32"), full)
    cache = forward.new_cache(1, 64)
    forward([list(range(40))], cache, [0])
    with pytest.raises(torch.OutOfMemoryError):
        forward([[4]], cache, [1])
    assert not forward._stages
    plain = PaddedForward(forward._model)
    assert plain([[4]], cache, [1])[0].shape[0] == 1, "the cache is still usable"
