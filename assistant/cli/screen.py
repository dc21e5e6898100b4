"""The terminal app, filled in from the options."""

from __future__ import annotations

from assistant.cli import setup
from assistant.store.preferences import load_preferences
from assistant.tui.launch import Launch, Problems


def run_screen(options: setup.RunOptions) -> int:
    """Open the app; everything slow happens in it, in threads, while the screen is already painted."""
    from assistant.tui.app import run_app

    folder = setup.journal_folder(options)
    resume = None
    warnings: list[str] = []
    preferences = load_preferences(warnings.append)
    if options.resume:
        from assistant.store.library import find_session

        resume = find_session(folder, options.resume)

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
            resume=resume,
            preferences=preferences,
            model_name=options.model or "",
            open_desk=(lambda: setup.study_desk(options, folder)) if options.study else None,
            warnings=tuple(warnings),
        )
    )
