"""A finished run as a log of Inspect (inspect_ai): `inspect view` shows it, its data frames read it.

One log holds one variant. A sample is a problem, an epoch one draw of it; each published test set, the visible tests
and all tests are a scorer with C or I. The program is the answer of every score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assistant import __version__
from assistant.bench.jobs import Sample
from assistant.core.problem import sha256_of

Json = dict[str, Any]
VISIBLE, ALL = "visible_tests", "all_tests"
"""Scorers besides those of published test sets."""


def inspect_log(config: Mapping[str, Any], samples: Iterable[Sample]) -> Json:
    """The log of one variant's samples; `config` is the run's `config.json`."""
    drawn = sorted(samples, key=lambda sample: (sample.row, sample.sample))
    asked, run = config.get("asked", {}), config.get("run", {})
    model, begun = _model(asked), str(run.get("begun", ""))
    entries = [_sample(sample, model) for sample in drawn]
    name = f"{config.get('bench', 'score')} {drawn[0].group}" if drawn else str(config.get("bench", "score"))
    number = sha256_of([sample.model_dump(mode="json") for sample in drawn])
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": number[:22], "run_id": number[:22], "created": begun, "task": name, "task_id": number[22:44],
            "task_version": 0, "task_attribs": {}, "task_args": {}, "model": model, "model_args": {},
            "dataset": {
                "name": _source(asked), "samples": len({sample.row for sample in drawn}),
                "sample_ids": list(dict.fromkeys(sample.row for sample in drawn)), "shuffled": False,
            },
            "config": {"epochs": max((sample.sample + 1 for sample in drawn), default=1)},
            "packages": {"assistant": __version__}, "metadata": {"asked": asked},
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": len(drawn), "completed_samples": len(drawn),
            "scores": [_score(name, drawn) for name in _scorers(drawn)],
        },
        "stats": {"started_at": begun, "completed_at": begun, "model_usage": {model: _usage(drawn)}},
        "samples": entries,
    }  # fmt: skip


def _model(asked: Mapping[str, Any]) -> str:
    model = asked.get("model", {})
    return f"{model.get('engine')}/{model.get('name')}" if model.get("name") else "none/given"


def _source(asked: Mapping[str, Any]) -> str:
    found = [part.get("source", "") for part in asked.get("problems", {}).values()]
    return ", ".join(dict.fromkeys(filter(None, found)))


def _sample(sample: Sample, model: str) -> Json:
    """One draw. What was sent is not kept by a run; the input names the problem."""
    text = sample.text or sample.code or ""
    message = {"role": "assistant", "content": text, "source": "generate", "model": model}
    return {
        "id": sample.row,
        "epoch": sample.sample + 1,
        "input": sample.problem,
        "target": "",
        "messages": [{"role": "user", "content": sample.problem}, message],
        "output": {
            "model": model,
            "choices": [
                {"message": message, "stop_reason": "max_tokens" if sample.reason == "length" else "stop"}
            ],
            "completion": text,
            "usage": _usage([sample]),
        },
        "scores": {
            name: {
                "value": "C" if passed else "I",
                "answer": sample.code or "",
                "explanation": sample.outcome,
            }
            for name, passed in _passed(sample).items()
        },
        "metadata": {
            name: getattr(sample, name)
            for name in ("outcome", "difficulty", "seed", "sealed", "hard_coded", "trouble", "suite_shares")
        },
    }


def _passed(sample: Sample) -> dict[str, bool]:
    """By scorer."""
    return {**sample.suites, VISIBLE: sample.solved, ALL: sample.solved and sample.honest is not False}


def _scorers(samples: Sequence[Sample]) -> list[str]:
    return list(dict.fromkeys(name for sample in samples for name in _passed(sample)))


def _score(name: str, samples: Sequence[Sample]) -> Json:
    """The share of samples that pass, over those that have the scorer."""
    verdicts = [found[name] for sample in samples if name in (found := _passed(sample))]
    accuracy = {"name": "accuracy", "value": sum(verdicts) / len(verdicts), "params": {}}
    return {"name": name, "scorer": name, "params": {}, "metrics": {"accuracy": accuracy}}


def _usage(samples: Sequence[Sample]) -> Json:
    read = sum(sample.prompt_tokens for sample in samples)
    written = sum(sample.generated_tokens for sample in samples)
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
