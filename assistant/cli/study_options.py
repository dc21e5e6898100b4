"""What a study file fixes of the command line's options, and the refusal of options that say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assistant.core.errors import UsageError

if TYPE_CHECKING:
    from assistant.cli.run_options import RunOptions
    from assistant.session.study import Study


def fixed_by_study(options: RunOptions) -> tuple[str, str, str, str]:
    """Engine, model, precision and servers that the study names; empty where it names none."""
    if options.study is None:
        return "", "", "", ""
    from assistant.session.study_file import load_study

    study = load_study(options.study)
    engine = study.engine or ("openai" if study.base_urls else "")
    return engine, study.model, study.precision, ",".join(study.base_urls)


FIXED: Mapping[str, str] = {
    "problems": "source", "rounds": "rounds", "samples": "samples", "temperature": "temperature", "seed": "seed",
    "max_tokens": "max_new_tokens", "thinking_tokens": "thinking_tokens",
    "tests_in_prompt": "visible_tests", "failing_cases": "conditions",
    "drop_rounds": "overflow", "template": "template", "arms": "arms",
}  # fmt: skip
"""Options that a study decides alone, and its keys."""
NAMED: Mapping[str, str] = {name: name for name in ("engine", "model", "precision", "author")}
"""Options that a study decides where it names a value."""
SERVERS: Mapping[str, str] = {"base_url": "base_urls", "engine": "base_urls"}
"""Options that a study decides where it names servers."""


def check_study_options(options: RunOptions) -> None:
    """Refuse what would change what the study fixes, naming its values. Raises UsageError."""
    from assistant.session.study_file import load_study

    if options.study is None:
        return
    study = load_study(options.study)
    clashes = [name for name in FIXED if name in options.given and not _same(options, study, name)]
    clashes += [name for name in NAMED if _differs(options, name, getattr(study, name))]
    if study.base_urls:
        clashes += [name for name in SERVERS if _other_server(options, study, name)]
    more = "--draws" if options.draws else "--point-by-point" if options.point_by_point else ""
    if more:
        raise UsageError(
            f"study {study.name}: in a study each round has its own answers only: leave out {more}"
        )
    if "problem" in options.given:
        raise UsageError(f"study {study.name} decides which problem comes next: leave out --problem")
    if clashes:
        fixed = {**FIXED, **NAMED, **(SERVERS if study.base_urls else {})}
        values = "; ".join(
            f"--{name.replace('_', '-')} ({fixed[name]} is {_value(getattr(study, fixed[name]))})"
            for name in dict.fromkeys(clashes)
        )
        raise UsageError(f"study {study.name} fixes this, leave it out: {values}")
    if options.alone:
        raise UsageError(
            f"study {study.name} decides who works without the model (conditions.person_alone): leave out --alone"
        )
    if study.model and not study.engine and _engine_of(options) == "scripted":
        raise UsageError(
            f"study {study.name} fixes the model ({study.model}), and the engine `scripted` is none: leave it out, "
            'or write engine = "scripted" into the study'
        )


def _same(options: RunOptions, study: Study, name: str) -> bool:
    """What was said is the very value that the study has."""
    return bool(getattr(options, name) == getattr(study, FIXED[name]))


def _differs(options: RunOptions, name: str, fixed: object) -> bool:
    said = getattr(options, name)
    if name == "author" and said is not None:
        said = said.partition(":")[0]
    return bool(fixed) and said is not None and said != fixed


def _other_server(options: RunOptions, study: Study, name: str) -> bool:
    """The study names servers, and the option another place to ask."""
    if name == "engine":
        return options.engine not in (None, "auto", "openai")
    return bool(options.base_url) and set(options.base_url or ()) != set(study.base_urls)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if value is None:
        return "the program's choice"
    failing = getattr(value, "failing_cases", None)
    return f"failing_cases {_value(failing)}" if failing is not None else str(value)


def _engine_of(options: RunOptions) -> str:
    from assistant.settings.preferences import load_preferences

    return options.engine or load_preferences().engine
