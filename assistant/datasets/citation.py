"""`CITATION.cff`: how the dataset is cited, in the Citation File Format 1.2.0."""

from __future__ import annotations

from typing import Any

from assistant import __version__
from assistant.datasets.card_header import PAPER, TITLE, keywords
from assistant.datasets.export_result import ExportResult
from assistant.datasets.licences import spdx_of
from assistant.datasets.options import Publication

CITATION = "CITATION.cff"
UNNAMED = "Creators not named (assistant export --creator NAME)"
_AUTHORS = (
    "Jacob Austin", "Augustus Odena", "Maxwell Nye", "Maarten Bosma", "Henryk Michalewski", "David Dohan",
    "Ellen Jiang", "Carrie Cai", "Michael Terry", "Quoc Le", "Charles Sutton",
)  # fmt: skip


def citation(origin: str, licence: str, publication: Publication, outcome: ExportResult) -> str:
    """The file. It names no day: the same journals and options give the same bytes."""
    from huggingface_hub.utils import yaml_dump

    found: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it, and the experiment that its sessions follow.",
        "type": "dataset",
        "title": TITLE,
        "authors": [{"name": name} for name in creators(publication)],
        "version": f"journals-{outcome.data_sha256[:12]}",
        "identifiers": [
            {
                "type": "other",
                "value": f"sha256:{outcome.data_sha256}",
                "description": "Its journals",
            }
        ],
        "keywords": keywords(origin, outcome.speakers)[:-1],
        **({"license": spdx} if (spdx := spdx_of(licence)) else {}),
        **({"url": publication.url} if publication.url else {}),
        "references": [
            {
                "type": "article",
                "title": "Program Synthesis with Large Language Models",
                "authors": [_person(name) for name in _AUTHORS],
                "year": 2021,
                "url": f"https://arxiv.org/abs/{PAPER}",
            },
            {
                "type": "software",
                "title": "assistant",
                "authors": [{"name": "The authors of assistant"}],
                "version": __version__,
            },
        ],
    }
    return str(yaml_dump(found, sort_keys=False))


def creators(publication: Publication) -> tuple[str, ...]:
    """Who made the dataset; a citation needs at least one."""
    return publication.creators or (UNNAMED,)


def _person(name: str) -> dict[str, str]:
    given, _, family = name.rpartition(" ")
    return {"family-names": family, "given-names": given}
