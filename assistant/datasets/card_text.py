"""Text of the dataset card: origin of the data, authors, intended use and limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from assistant.datasets.export_result import Outcome
from assistant.datasets.features import PROVENANCE_WORDS
from assistant.datasets.figure import Point
from assistant.datasets.formats.all import export_format
from assistant.datasets.importers.base import importers
from assistant.datasets.options import SPLITS, Rules, stated

_COLLECTED = {
    "people": "A person picked a small programming task. A language model wrote a Python function, and its tests "
    "ran in a sandbox. Where it was wrong, the person said why in their own words, and the model wrote again. Every "
    "step was logged in an append-only journal; these rows were made from the journals alone.",
    "simulated": "A language model wrote a Python function, its tests ran in a sandbox, and **another program, not a "
    "person,** said what was wrong. Never mix these rows with people's words.",
    "unknown": "A language model wrote a Python function, its tests ran in a sandbox, and **somebody or something "
    "that is not recorded** said what was wrong: a person, or a program that drove the tool.",
}


def _collected(origin: str) -> str:
    """How the data came to be: an importer says it of its own."""
    importer = importers().get(origin) if origin not in _COLLECTED else None
    return importer.about if importer is not None else _COLLECTED.get(origin, _COLLECTED["people"])


def body(
    formats: Sequence[str],
    rules: Rules,
    licence: str,
    outcome: Outcome,
    found: Sequence[Point],
    figure: str,
    version: str,
) -> Iterator[str]:
    """The card's lines after its header."""
    origin = rules.origin
    yield from (
        "",
        "# Natural-language feedback on programs",
        "",
        _collected(origin),
    )
    yield from _counts(formats, outcome)
    yield from _loss(formats)
    yield from _solved(outcome, found, figure)
    yield from _consent(origin, licence, outcome)
    yield from _rules(rules, outcome)
    yield from _splits(rules, outcome)
    yield from _personal(rules, outcome)
    yield from _columns()
    yield from _limits(origin, outcome)
    yield from _training(formats)
    yield from ("", "## Where it comes from", "")
    yield f"Made by `assistant export`, version {version}, from the journals with the common hash"
    yield f"`{outcome.data_sha256}` (`assistant analyze` on the same journals prints the same). The same journals and"
    yield "options give the same bytes; the options and every problem's split are in `export.json`."


def _counts(formats: Sequence[str], outcome: Outcome) -> Iterator[str]:
    people = len(outcome.annotators)
    yield ""
    yield f"Whose words: {', '.join(sorted(outcome.speakers)) or 'nobody spoke'}."
    yield (
        f"{outcome.sessions['exported']} sessions of {people} annotator{'s' * (people != 1)} on "
        f"{len(outcome.splits)} problems. Models: {', '.join(sorted(outcome.models)) or 'none'}."
    )
    yield from ("", "## What is in it", "", "| config | " + " | ".join(SPLITS) + " | a row is |")
    yield "| --- " * (len(SPLITS) + 2) + "|"
    for name in formats:
        counts = outcome.rows.get(name, Counter())
        numbers = " | ".join(str(counts[split]) for split in SPLITS)
        yield f"| `{name}` | {numbers} | {export_format(name).about} |"
    yield f"| problems | {' | '.join(str(outcome.problems[split]) for split in SPLITS)} | |"


def _loss(formats: Sequence[str]) -> Iterator[str]:
    yield from ("", "## What is learned from", "", "Which part of a row carries loss in training:", "")
    for name in formats:
        yield f"- `{name}`: {export_format(name).loss}"


def _solved(outcome: Outcome, found: Sequence[Point], figure: str) -> Iterator[str]:
    if not found or not outcome.answered:
        return
    yield from (
        "",
        "## How many were solved",
        "",
        f"![Share of sessions solved, by feedbacks given]({figure})",
        "",
    )
    yield from (
        "| feedbacks | visible tests pass | hidden tests pass too | sessions |",
        "| --- | --- | --- | --- |",
    )
    for point in found:
        visible = _share(point.visible, point.sessions, point.visible_interval)
        whole = _share(point.whole, point.sessions, point.whole_interval)
        yield f"| {point.round} | {visible} | {whole} | {point.sessions} |"
    yield ""
    yield "Within so many feedbacks, by words alone (what a person mended by hand does not count); 95% intervals"
    yield "(Wilson, with the effective number of sessions where problems repeat), the same as `assistant analyze`"
    yield "computes. What words add over asking again is told by the control arms there."


def _share(count: int, sessions: int, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{count} = {count / sessions:.0%} ({low:.0%} to {high:.0%})"


def _consent(origin: str, licence: str, outcome: Outcome) -> Iterator[str]:
    yield from ("", "## Consent and licence", "")
    if origin in ("people", "simulated", "unknown"):
        texts = ", ".join(sorted(outcome.consents)) or "given outside a session (`assistant consent`)"
        yield "Every session is of an annotator who agreed to a consent text; the text's version and the answer are"
        yield f"in the journals. Versions agreed to: {texts}."
        yield "Annotators are pseudonyms. Whoever withdraws (`assistant withdraw`) is left out of every later export."
    else:
        yield f"Imported from `{origin}`: published by its authors under their licence, which stands here in place of"
        yield "consent asked by us. Words of people and of models are never mixed in one export."
    yield ""
    yield f"Licence of this dataset: {licence or '**not chosen yet** (`--licence ID` when exporting)'}. Licences of"
    yield f"the problems: {', '.join(sorted(filter(None, outcome.licences))) or 'unknown'} (column `licence`)."
    yield from ("", "| sessions | |", "| --- | --- |")
    for why, count in sorted(outcome.sessions.items()):
        if count:
            yield f"| {'exported' if why == 'exported' else f'left out: {why}'} | {count} |"
    if outcome.left_out:
        yield f"| left out: not a sound journal | {len(outcome.left_out)} |"


def _rules(rules: Rules, outcome: Outcome) -> Iterator[str]:
    yield from ("", "## Which rows count", "", *(f"- {sentence}" for sentence in stated(rules)))
    if outcome.programs:
        reasons = ", ".join(f"{why} ({count})" for why, count in sorted(outcome.programs.items()))
        yield from ("", f"Programs of these sessions that make no row: {reasons}.")
    dropped = {n: c["duplicates"] for n, c in outcome.rows.items() if c["duplicates"]}
    if dropped:
        yield from (
            "",
            "Duplicates left out: " + ", ".join(f"{c} of `{n}`" for n, c in dropped.items()) + ".",
        )
    against = {n: c["contradictions"] for n, c in outcome.rows.items() if c["contradictions"]}
    if against:
        yield "Left out because equal rows had different labels: "
        yield ", ".join(f"{c} of `{n}`" for n, c in against.items()) + "."


_PLACED = {
    "test": "They and their near-duplicates are in the `test` split, so that no training row is about them.",
    "report": "They are in **any split, also in `train`**: a model trained on them must not be measured on those "
    "benchmarks.",
    "exclude": "",
}


def _splits(rules: Rules, outcome: Outcome) -> Iterator[str]:
    yield from ("", "## Splits and overlap", "")
    yield f"By problem, never by row: a hash of the problem's content decides (shares {rules.shares}), so a problem"
    yield "stays where it is from export to export. Near-duplicates (word pairs and tests, Jaccard) are one group"
    yield f"(column `group`) and on the same side; {outcome.near_duplicates} of {len(outcome.splits)} problems here"
    yield "have one."
    if outcome.lumped:
        yield f"**{outcome.lumped} problems are a single such group**, so that all of these are in one split."
    yield ""
    if outcome.excluded:
        yield f"Left out as near-duplicates of test problems: {', '.join(outcome.excluded)}."
    names = sorted({name for found in outcome.overlaps.values() for name in found})
    shown = ", ".join(names[:20]) + (
        f" and {len(names) - 20} more (column `overlaps`)" if len(names) > 20 else ""
    )
    if names:
        yield f"**{len(outcome.overlaps)} problems here are near-duplicates of test problems** of MBPP (ids 11 to"
        yield f"510) or HumanEval: {shown}. {_PLACED[rules.overlap]}"
    else:
        yield "No problem here is a near-duplicate of a test problem of MBPP (ids 11 to 510) or HumanEval, as far as"
        yield "word pairs and tests can tell; a paraphrase in other words with other tests would not be noticed."


def _personal(rules: Rules, outcome: Outcome) -> Iterator[str]:
    kinds = Counter(finding.kind for finding in outcome.findings)
    found = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing"
    done = {"redact": "replaced by `[kind]`", "refuse": "refused", "keep": "left as they are"}[rules.personal]
    yield from ("", "## Personal data", "")
    yield "People's words were scanned for keys, names (by what introduces them and by lists of many countries),"
    yield "e-mail and postal addresses, telephones, IP addresses, numbers of persons, cards and accounts, @handles,"
    yield f"profile pages and home folders: {found} found, {done}. Such scanners miss some; write to the"
    yield "dataset's owner if you find more."


def _columns() -> Iterator[str]:
    yield from ("", "## Provenance columns", "", "In every row, beside the format's own:", "", "| column | |")
    yield "| --- | --- |"
    yield from (f"| {name} | {words} |" for name, words in PROVENANCE_WORDS.items())


def _limits(origin: str, outcome: Outcome) -> Iterator[str]:
    yield from ("", "## Limits", "")
    yield "- Small functions with a few tests: passing them is not being right. Hidden tests narrow that; see"
    yield "  `hidden_passed`."
    yield "- Which programs are here depends on the models above: rows are what *these* models got wrong."
    yield "- Later rounds are of harder problems, for easy ones were solved before: rounds are no fair comparison."
    if origin == "people":
        yield f"- {len(outcome.annotators)} annotators are few; rows of one annotator are alike (column `annotator`)."
    yield "- English only."


def _training(formats: Sequence[str]) -> Iterator[str]:
    first = next((name for name in ("refinement", "sft", "preference", "kto") if name in formats), "")
    if not first:
        return
    yield from ("", "## Train on it", "", "```python", "from datasets import load_dataset")
    trainer = {"preference": "DPOTrainer", "kto": "KTOTrainer"}.get(first, "SFTTrainer")
    config = trainer.replace("Trainer", "Config")
    yield from (f"from trl import {config}, {trainer}", "from peft import LoraConfig", "")
    yield f'data = load_dataset("PATH/OF/THIS/FOLDER", "{first}")'
    yield f'{trainer}(model="MODEL", args={config}(output_dir="out"), train_dataset=data["train"],'
    yield '           peft_config=LoraConfig(target_modules="all-linear")).train()'
    yield from (
        "```",
        "",
        f"or `assistant train PATH/OF/THIS/FOLDER --format {first} --model MODEL --out TRAINED`.",
    )
    yield "Measure before and after on problems of the `test` split, which no row of `train` is about."
