"""Every format by name."""

from __future__ import annotations

from assistant.export.formats.base import Format
from assistant.export.formats.kto import KTO
from assistant.export.formats.openai import OPENAI
from assistant.export.formats.preference import PREFERENCE
from assistant.export.formats.refinement import REFINEMENT
from assistant.export.formats.sft import SFT
from assistant.export.formats.stepwise import STEPWISE
from assistant.export.formats.turns import TURNS

BY_NAME: dict[str, Format] = {
    format_.name: format_ for format_ in (SFT, REFINEMENT, PREFERENCE, KTO, STEPWISE, TURNS, OPENAI)
}
