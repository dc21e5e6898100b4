"""`croissant.json`: the dataset for machines, in Croissant 1.1 with the responsible-AI fields, by mlcroissant.

Files are named relative to the folder, so that the same text serves the folder here and the dataset on a hub.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from assistant.core.errors import AssistantError
from assistant.datasets.card_header import PAPER, TITLE, filled_formats, is_model, keywords, source_datasets
from assistant.datasets.citation import creators
from assistant.datasets.export_result import ExportResult
from assistant.datasets.extras import need
from assistant.datasets.features import CHAT, MESSAGES, PROVENANCE_WORDS
from assistant.datasets.formats.base import Format, export_format
from assistant.datasets.licences import licence_url
from assistant.datasets.options import Publication, Rules, stated

CROISSANT = "croissant.json"
_VERSIONS = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
_ABOUT = {name: about for names, about in PROVENANCE_WORDS.items() for name in names.split(", ")}
_ORIGINS = {"people": "Manual Human Curation", "simulated": "Synthetic Data", "unknown": "Others"}
"""How it was collected, in the terms of the responsible-AI vocabulary."""


def croissant(
    formats: Sequence[str], rules: Rules, licence: str, publication: Publication, outcome: ExportResult
) -> str:
    """The file's text, checked by mlcroissant as it is made. Raises `AssistantError` where it is not valid.

    That others can read it back is for the tests: that takes seconds.
    """
    mlc = need("mlcroissant")
    try:
        metadata = _metadata(mlc, formats, rules, licence, publication, outcome)
    except mlc.ValidationError as error:
        raise AssistantError(f"the Croissant metadata are not valid: {error}") from None
    found = {**metadata.to_json(), **_beyond(rules, outcome)}
    found["@context"]["prov"] = "http://www.w3.org/ns/prov#"
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _metadata(
    mlc: Any,
    formats: Sequence[str],
    rules: Rules,
    licence: str,
    publication: Publication,
    outcome: ExportResult,
) -> Any:
    context = mlc.Context(conforms_to=_VERSIONS[0])
    context.rdf = mlc.Rdf(context=mlc.Rdf().context | _context_of_1_1())
    filled = filled_formats(formats, outcome)
    days = sorted(outcome.days)
    return mlc.Metadata(
        ctx=context,
        conforms_to=_VERSIONS,
        name=TITLE,
        description=_description(rules, outcome),
        cite_as=f"See CITATION.cff. The sessions follow arXiv:{PAPER}.",
        creators=[mlc.Organization(ctx=context, name=name) for name in creators(publication)],
        date_published=_day(days[-1]) if days else None,  # the earliest day it can have been
        keywords=keywords(rules.origin, outcome.speakers),
        in_language=outcome.detected_languages or None,
        license=[licence_url(licence)],
        url=publication.url or None,
        version=f"1.0.0+{outcome.data_sha256[:12]}",
        distribution=[_files(mlc, context, name) for name in filled],
        record_sets=[_records(mlc, context, export_format(name)) for name in filled],
        data_collection_timeframe=[_day(days[0]), _day(days[-1])] if days else None,
        **_responsible(rules, outcome),
    )


def _description(rules: Rules, outcome: ExportResult) -> str:
    return (
        f"{outcome.sessions['exported']} sessions on {len(outcome.splits)} programming problems: a model's program, "
        f"what {'a model' if _by_models(outcome) else 'was said'} about it, the next program, and the verdicts of "
        f"tests. Origin: {rules.origin}. Journals: sha256:{outcome.data_sha256}."
    )


def _by_models(outcome: ExportResult) -> bool:
    return bool(outcome.speakers) and all(map(is_model, outcome.speakers))


def _day(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def _files(mlc: Any, context: Any, name: str) -> Any:
    """The Parquet shards of a format, of all splits."""
    return mlc.FileSet(
        ctx=context,
        id=f"files-{name}",
        name=f"files-{name}",
        description=f"Parquet shards of the format {name}",
        encoding_formats=["application/x-parquet"],
        includes=[f"data/{name}/*.parquet"],
    )


def _records(mlc: Any, context: Any, format_: Format) -> Any:
    """A record set: the columns of a format, and the split, which is in the file's name."""
    split = mlc.Field(
        ctx=context,
        id=f"{format_.name}/split",
        name="split",
        description="train, validation or test",
        data_types=[mlc.DataType.TEXT],
        source=mlc.Source(
            ctx=context,
            file_set=f"files-{format_.name}",
            extract=mlc.Extract(ctx=context, file_property="fullpath"),
            transforms=[mlc.Transform(ctx=context, regex=r"^.*?(train|validation|test)-\d+\.parquet$")],
        ),
    )
    columns = [_field(mlc, context, format_.name, name, kind) for name, kind in format_.columns.items()]
    return mlc.RecordSet(
        ctx=context, id=format_.name, name=format_.name, description=format_.about, fields=[split, *columns]
    )


def _field(mlc: Any, context: Any, record_set: str, column: str, kind: str) -> Any:
    """A column; a chat has its parts as sub-fields."""
    about = _ABOUT.get(column, "")
    key = f"{record_set}/{column}"
    if kind in (MESSAGES, CHAT):
        parts = {"role": "string", "content": "string", **({"weight": "int64"} if kind == CHAT else {})}
        return mlc.Field(
            ctx=context, id=key, name=column, description=about or "A chat, message by message", is_array=True,
            array_shape="-1",
            sub_fields=[
                mlc.Field(
                    ctx=context, id=f"{key}/{part}", name=part, data_types=[_type(mlc, of)],
                    source=_source(mlc, context, record_set, column, part),
                )
                for part, of in parts.items()
            ],
        )  # fmt: skip
    listed = kind in ("strings", "bools", "ints")
    return mlc.Field(
        ctx=context, id=key, name=column, description=about or None, data_types=[_type(mlc, kind)],
        **({"is_array": True, "array_shape": "-1"} if listed else {}),
        source=_source(mlc, context, record_set, column),
    )  # fmt: skip


def _source(mlc: Any, context: Any, record_set: str, column: str, part: str = "") -> Any:
    return mlc.Source(
        ctx=context,
        file_set=f"files-{record_set}",
        extract=mlc.Extract(ctx=context, column=column),
        transforms=[mlc.Transform(ctx=context, json_path=part)] if part else [],
    )


def _type(mlc: Any, kind: str) -> Any:
    kinds = mlc.DataType
    return {"bool": kinds.BOOL, "int64": kinds.INTEGER, "float64": kinds.FLOAT}.get(
        {"bools": "bool", "ints": "int64"}.get(kind, kind), kinds.TEXT
    )


def _responsible(rules: Rules, outcome: ExportResult) -> dict[str, Any]:
    """The responsible-AI fields, from the same facts as the card."""
    kinds = sorted({finding.kind for finding in outcome.findings})
    treated = {"redact": "replaced by placeholders", "refuse": "refused", "keep": "left as they are"}
    return {
        "data_collection": "Each session is one problem: a language model writes a Python function, its tests run in "
        "a sandbox, what is wrong is said in words, and the model writes again, up to the rounds of its settings. "
        "Every step is in an append-only, hash-chained journal.",
        "data_collection_type": [_ORIGINS.get(rules.origin, "Existing datasets"), "Software Collection"],
        "data_collection_raw_data": f"Journals (JSON Lines) with the common hash sha256:{outcome.data_sha256}.",
        "data_collection_missing_data": _left_out(outcome),
        "data_preprocessing_protocol": stated(rules),
        "data_annotation_protocol": [
            "Words about a program are written freely, after seeing it and its visible tests.",
            "Whether a program is right is decided by its tests, visible and hidden apart.",
        ],
        "data_annotation_platform": ["assistant, a terminal application"],
        "data_annotation_analysis": [
            f"{len(outcome.annotators)} annotators; no agreement: each text is about a program of its own."
        ],
        "annotations_per_item": "One text a round; the verdict of every test of a program.",
        "annotator_demographics": [
            "Not recorded: annotators are pseudonyms. See DATA_STATEMENT.md.",
        ],
        "machine_annotation_tools": [
            "The sandbox of assistant: test verdicts",
            "langid (py3langid): language",
        ],
        "data_biases": [
            "Rows are what the models named in the column `model` got wrong.",
            "Few annotators: rows of one annotator are alike (column `annotator`).",
            "Later rounds are of harder problems, for easy ones were solved before.",
        ],
        "data_use_cases": [
            "Training and evaluating models that repair programs by natural-language feedback.",
            "Studying what words add to a model's own retries.",
        ],
        "data_limitations": [
            "Small functions with a few tests: passing them is not being right.",
            f"Languages of the words, as detected: {', '.join(outcome.detected_languages) or 'too few to tell'}.",
            "Not meant for judging people, or for finding out who the annotators are.",
        ],
        "data_social_impact": "Better use of what people say to a programming model; words of a few annotators may "
        "be taken for those of all, and programs that pass a few tests for right ones.",
        "personal_sensitive_information": [
            f"Words were searched for personal data; {len(outcome.findings)} found"
            f"{' (' + ', '.join(kinds) + ')' if kinds else ''}, {treated[rules.personal]}.",
            "Annotators are pseudonyms; what a search misses may remain.",
        ],
        "data_release_maintenance_plan": "Whoever withdraws consent is left out of every later export; write to the "
        "creators about what should not be here.",
    }


def _left_out(outcome: ExportResult) -> str:
    why = [
        f"{count} ({reason})"
        for reason, count in sorted(outcome.sessions.items())
        if reason != "exported" and count
    ]
    return f"Sessions left out: {', '.join(why) or 'none'}."


def _beyond(rules: Rules, outcome: ExportResult) -> dict[str, Any]:
    """Fields that are asked for and that mlcroissant has no names for."""
    return {
        "rai:hasSyntheticData": True,
        "prov:wasDerivedFrom": source_datasets(rules.origin, outcome.sources),
        "prov:wasGeneratedBy": "Programs: the models of the column `model`. Words: "
        f"{', '.join(sorted(outcome.speakers)) or 'nobody'}. Rows: assistant export.",
    }


def _context_of_1_1() -> dict[str, Any]:
    """Terms that Croissant 1.1 adds to the context of 1.0."""
    return {
        "arrayShape": "cr:arrayShape",
        "containedIn": "cr:containedIn",
        "description": {"@container": "@language"},
        "isArray": "cr:isArray",
        "name": {"@container": "@language"},
    }
