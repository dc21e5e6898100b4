"""The terminal app, filled in from the options."""

from __future__ import annotations

import os

from assistant.cli import setup
from assistant.store.preferences import load_preferences
from assistant.tui.launch import Launch, Problems


def run_screen(options: setup.RunOptions) -> int:
    """Open the app; everything slow happens in it, in threads, while the screen is already painted."""
    from assistant.tui.app import run_app

    folder = setup.journal_folder(options)
    begun = setup.own_session(options, folder) if options.resume else None
    of_study = options.study is not None or (begun is not None and setup.is_of_study(begun))
    warnings: list[str] = []
    preferences = load_preferences(warnings.append)

    def load_problems() -> Problems:
        from assistant.problems.sources import load_source

        return load_source(options.source or "starter")

    return run_app(
        Launch(
            open_engine=lambda: setup.make_engine(options),
            open_sandbox=lambda: setup.make_sandbox(options),
            load_problems=load_problems,
            sessions=folder,
            settings=options.settings(),
            annotator=setup.annotator_of(options),
            problem=options.problem,
            resume=begun,
            held=setup.held(options, "browser" if os.environ.get("TEXTUAL_DRIVER") else "app"),
            preferences=preferences,
            model_name=options.model or "",
            open_desk=(lambda: setup.sure_desk(options, folder, begun)) if of_study else None,
            warnings=tuple(warnings),
        )
    )
