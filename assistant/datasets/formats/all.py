"""Every format by name."""

from __future__ import annotations

from assistant.datasets.formats.base import Format
from assistant.datasets.formats.kto import KTO
from assistant.datasets.formats.openai import OPENAI
from assistant.datasets.formats.preference import PREFERENCE
from assistant.datasets.formats.refinement import REFINEMENT
from assistant.datasets.formats.sft import SFT
from assistant.datasets.formats.stepwise import STEPWISE
from assistant.datasets.formats.turns import TURNS

BY_NAME: dict[str, Format] = {
    format_.name: format_ for format_ in (SFT, REFINEMENT, PREFERENCE, KTO, STEPWISE, TURNS, OPENAI)
}
