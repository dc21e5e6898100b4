"""The terminal app, filled in from the options."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from assistant.cli import composition
from assistant.cli.run_options import RunOptions
from assistant.settings.preferences import SERVED, load_preferences
from assistant.tui.launch import EngineChoice, Launch, Problems

if TYPE_CHECKING:
    from assistant.core.generation import Engine


def run_screen(options: RunOptions) -> int:
    """Open the app; everything slow happens in it, in threads, while the screen is already painted."""
    from assistant.tui.app import run_app

    folder = composition.journal_folder(options)
    begun = composition.own_session(options, folder) if options.resume else None
    of_study = options.study is not None or (begun is not None and composition.is_of_study(begun))
    warnings: list[str] = []
    preferences = load_preferences(warnings.append)
    served = os.environ.get(SERVED, "")
    if served:  # who has seen the tour is no matter of the server's owner
        preferences = preferences.model_copy(update={"tour_seen": served != "new"})

    def load_source(source: str) -> Problems:
        from assistant.problems import load

        return load.load_source(source)

    def open_choice(chosen: EngineChoice) -> Engine:
        return composition.make_chosen_engine(options, chosen.model, chosen.base_url)

    source = options.problems or "starter"
    choice = EngineChoice(*composition.engine_choice(options))

    return run_app(
        Launch(
            open_engine=lambda: composition.make_engine(options),
            open_sandbox=lambda: composition.make_sandbox(options),
            load_problems=lambda: load_source(source),
            source=source,
            load_source=load_source,
            choice=choice,
            open_choice=None if options.alone else open_choice,
            sessions=folder,
            settings=options.settings(),
            annotator=composition.annotator_of(options),
            problem=options.problem,
            resume=begun,
            held=composition.held(options, "browser" if os.environ.get("TEXTUAL_DRIVER") else "app"),
            preferences=preferences,
            own=options.own,
            model_name=choice.model,
            open_queue=(lambda: composition.required_queue(options, folder, begun)) if of_study else None,
            warnings=() if served else tuple(warnings),
            served=bool(served),
        )
    )
