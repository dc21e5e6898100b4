"""Tokens, seconds and money of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assistant.bench.aggregates import Group
from assistant.bench.resource_usage import Usage
from assistant.bench.run_folder import Json
from assistant.core.problem import FrozenModel
from assistant.reporting.terminal_tables import count, duration


class Prices(FrozenModel):
    """Per million tokens, in whatever currency; None where nothing is paid."""

    read: float | None = None
    written: float | None = None

    def cost(self, prompt_tokens: int, generated_tokens: int) -> float | None:
        """What so many tokens cost."""
        if self.read is None and self.written is None:
            return None
        return (prompt_tokens * (self.read or 0) + generated_tokens * (self.written or 0)) / 1e6


def costs_of(groups: Iterable[Group], prices: Prices, parts: Iterable[Mapping[str, Any]]) -> Json:
    """Tokens over all samples; wall clock and use of the machine over the invocations of the run."""
    groups, parts = list(groups), list(parts)
    prompt = sum(group.prompt_tokens for group in groups)
    generated = sum(group.generated_tokens for group in groups)
    samples, seconds = sum(g.samples for g in groups), sum(part["seconds"] for part in parts)
    made = sum(part["samples"] for part in parts)
    return {
        "prompt_tokens": prompt,
        "generated_tokens": generated,
        "tokens_per_sample": generated / samples if samples else None,
        "seconds": seconds,
        "samples_per_second": made / seconds if seconds else None,
        "tokens_per_second": sum(part["tokens"] for part in parts) / seconds if seconds else None,
        "cost": prices.cost(prompt, generated),
        "prices_per_million": prices.model_dump(),
        "parts": parts,
    }


def part_of(seconds: float, samples: int, tokens: int, usage: Usage) -> Json:
    """One invocation of a resumable run."""
    return {
        "seconds": seconds,
        "samples": samples,
        "tokens": tokens,
        "cpu_percent": usage.cpu,
        "cores": usage.cores,
        "gpu_percent": usage.gpu,
        "memory_bytes": usage.memory_bytes,
    }


def cost_lines(costs: Mapping[str, Any]) -> Iterable[str]:
    """The same as text."""
    parts_of_line = [
        f"{count(costs['prompt_tokens'])} tokens read, {count(costs['generated_tokens'])} written "
        f"in {duration(costs['seconds'])}"
    ]
    if costs["tokens_per_second"]:
        parts_of_line.append(
            f"{costs['tokens_per_second']:.0f} tokens/s, {costs['samples_per_second']:.2f} samples/s"
        )
    if costs["cost"] is not None:
        parts_of_line.append(f"cost {costs['cost']:.2f}")
    yield "; ".join(parts_of_line)
    last = costs["parts"][-1] if costs["parts"] else {}
    if last.get("cpu_percent") is not None:
        gpu = "" if last["gpu_percent"] is None else f", GPU {last['gpu_percent']:.0f}% busy"
        yield (
            f"processor {last['cpu_percent']:.0f}% of {last['cores']} cores busy{gpu}; this program held "
            f"{last['memory_bytes'] / 2**20:.0f} MiB at most"
        )
