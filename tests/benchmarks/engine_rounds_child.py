"""One engine of `engine_rounds` in a process of its own: orders on stdin, timings on stdout, both JSON lines."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.core.completion_detector import ProgramEnd
from assistant.core.generation import Finish, Request, Sampling
from tests.benchmarks.engine_rivals import open_rival

MOST_TOKENS = 400
Tokens = Sequence[int]
COUNTS: dict[str, int] = {}
"""Of the last answer, where the engine tells: tokens that were guessed, and those of them that were right."""
Generate = Callable[..., Iterator[int | str]]
"""(name of the conversation, prompt, entry point, most tokens) -> 0 each time tokens came; the text; how many tokens.

Every engine stops where the program with that entry point is complete.
"""


def ours(folder: Path, threads: int, weights: Path | None, kind: str) -> Generate:
    import torch
    from transformers import AutoTokenizer

    from assistant.engine.inference import precision
    from assistant.engine.inference.decoder import Decoder
    from assistant.engine.models.packing import packed
    from assistant.engine.models.source import LocalFolder
    from assistant.engine.progress import Steps
    from assistant.settings.paths import cache_folder

    torch.set_num_threads(threads)
    if weights is None:
        ready = packed(LocalFolder(folder), kind, cache_folder(), threads, Steps())
        weights = None if ready is None else ready.folder
    if weights is None:
        raise SystemExit(f"this model or processor takes no {kind} weights")
    model = precision.open_packed(weights, kind)
    decoder = Decoder(model, AutoTokenizer.from_pretrained(folder))

    def generate(name: str, prompt: Tokens, until: str, most: int = MOST_TOKENS) -> Iterator[int]:
        request = Request(
            messages=(),
            sampling=Sampling(max_new_tokens=most),
            conversation=name,
            until_program=until,
        )
        for item in decoder.generate(request, prompt):
            if isinstance(item, Finish):
                COUNTS.update(drafted=item.drafted_tokens, accepted=item.accepted_tokens)
                yield item.text
            yield item.generated_tokens if isinstance(item, Finish) else 0

    return generate


def plain(folder: Path, threads: int) -> Generate:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, StoppingCriteriaList
    from transformers.generation.streamers import BaseStreamer

    torch.set_num_threads(threads)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)

    class First(BaseStreamer):  # type: ignore[misc]
        """Remembers when the first token came."""

        puts = 0
        at = 0.0

        def put(self, _: Any) -> None:
            self.puts += 1
            self.at = time.perf_counter() if self.puts == 2 else self.at  # the first put is the prompt

        def end(self) -> None:
            pass

    def generate(name: str, prompt: Tokens, until: str, most: int = MOST_TOKENS) -> Iterator[int]:
        first, end = First(), ProgramEnd(until)

        def complete(said: Any, *_: Any, **__: Any) -> Any:
            text = tokenizer.decode(said[0, len(prompt) :])
            return torch.tensor([end.find(text) is not None])

        ids = torch.tensor([list(prompt)])
        begun = time.perf_counter()
        out = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=most,
            stopping_criteria=StoppingCriteriaList([complete]),
            streamer=first,
            pad_token_id=tokenizer.pad_token_id,
        )
        yield -int((first.at - begun) * 1e6)  # microseconds to the first token, told afterwards
        yield str(tokenizer.decode(out[0, len(prompt) :]))
        yield int(out.shape[1] - len(prompt))

    return generate


def timed(generate: Generate, order: dict[str, Any]) -> dict[str, Any]:
    if order["prime"]:
        for _ in generate(order["name"], order["prime"], "", 1):
            pass
    _priority(order["realtime"])
    begun = time.perf_counter()
    first, tokens, text = 0.0, 0, ""
    for item in generate(order["name"], order["prompt"], order["until"], MOST_TOKENS):
        if isinstance(item, str):
            text = item
            continue
        first = first or (-item / 1e6 if item < 0 else time.perf_counter() - begun)
        tokens = max(tokens, item)
    seconds = time.perf_counter() - begun
    _priority(False)
    return {"seconds": round(seconds, 4), "first": round(first, 4), "tokens": tokens, "text": text} | COUNTS


def _priority(realtime: bool) -> None:
    """Before everything else on this machine, or as usual; all threads of this process."""
    for thread in Path("/proc/self/task").iterdir() if sys.platform == "linux" else ():
        policy = os.SCHED_FIFO if realtime else os.SCHED_OTHER
        if realtime or os.sched_getscheduler(int(thread.name)) == os.SCHED_FIFO:
            os.sched_setscheduler(int(thread.name), policy, os.sched_param(int(realtime)))


def main() -> None:
    engine, place, threads, packed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    folder = Path(sys.argv[5])
    if engine.startswith("ours"):
        generate = ours(place, threads, Path(packed) if packed else None, "q4" if "q4" in engine else "int8")
    elif engine == "plain":
        generate = plain(place, threads)
    else:
        generate = open_rival(engine, place, threads, folder)
    print("{}", flush=True)
    for line in sys.stdin:
        print(json.dumps(timed(generate, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
