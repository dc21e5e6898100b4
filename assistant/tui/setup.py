"""What is chosen in the app: the problems, the model, and how a session is held.

Problems and settings take effect with the next problem, the model at once: a session that runs is left and gone on
with by the new model, as the journal says (`session_resumed`). A study fixes all of it. Reading and loading happen in
threads, which post messages; what follows from them is done here, in the screen's thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from assistant.core.errors import AssistantError, UsageError
from assistant.core.events import Settings
from assistant.session.prompting import load_template
from assistant.settings.preferences import save_preference
from assistant.tui.launch import EngineChoice
from assistant.tui.messages import ModelKept, ModelSwitched, ServerTried, SourceLoaded

if TYPE_CHECKING:
    from assistant.core.generation import Engine
    from assistant.tui.context import AppContext

BUILT_IN = ("starter", "humaneval")
"""Sets of problems that are always there."""
RECENT = 5
"""Other sets of problems that are remembered."""
MOST = {"rounds": 100, "samples": 100}
VARIED = 0.8
"""Temperature where several samples are asked for and none was set: at 0 they would all be alike."""


class SetUpFlow:
    """Holds the choices, in the app's `launch`, and lets a new one take effect."""

    def __init__(self, app: AppContext) -> None:
        self._app = app

    def value(self, name: str) -> str:
        """A choice as it is shown."""
        app, launch = self._app, self._app.launch
        if app.study is not None:
            return app.study.fixed_value(name)
        if name == "problems":
            return app.problems.name if app.problems is not None else launch.source
        if name == "server":
            return launch.choice.base_url
        if name == "model":
            model = app.services.model
            return model.name if model is not None else launch.choice.model or launch.model_name or "default"
        settings = launch.settings
        return {
            "samples": str(settings.samples),
            "temperature": f"{settings.sampling.temperature:g}",
            "rounds": str(settings.rounds),
            "template": settings.prompt.template,
        }[name]

    def fixed(self, name: str) -> str:
        """Why this choice cannot be changed here; empty where it can."""
        launch = self._app.launch
        if self._app.study is not None:
            return f"the study {self._app.study.name} decides this"
        missing = launch.load_source is None if name == "problems" else launch.open_choice is None
        return (
            "this was fixed when the app was started"
            if name in ("problems", "model", "server") and missing
            else ""
        )

    def change(self, name: str, text: str) -> None:
        """Let a choice take effect, or say what is wrong with it."""
        text = text.strip()
        if reason := self.fixed(name):
            self._tell(reason)
        elif name == "problems":
            self._load_source(text or BUILT_IN[0])
        elif name == "server":
            self._choose_server(text)
        elif name == "model":
            self._use(EngineChoice(model=text))
        else:
            self._change_settings(name, text)

    def _tell(self, text: str, *, wrong: bool = True) -> None:
        self._app.notify(text, severity="warning" if wrong else "information", timeout=10, markup=False)

    # How a session is held.

    def _change_settings(self, name: str, text: str) -> None:
        app = self._app
        try:
            changed, note = changed_settings(app.launch.settings, name, text)
        except UsageError as error:
            self._tell(str(error))
            return
        app.launch = replace(app.launch, settings=changed)
        self._tell(f"from the next problem on: {name} {self.value(name)}{note}", wrong=False)

    # Problems.

    def _load_source(self, source: str) -> None:
        self._tell(f"reading {source} …", wrong=False)
        self._start(lambda: self._read(source))

    def _read(self, source: str) -> None:
        from assistant.tui.messages import ProblemsFailed

        load = self._app.launch.load_source
        assert load is not None
        try:
            problems = self._app.as_listed(load(source))
            self._app.post_message(SourceLoaded(source, problems))
        except AssistantError as error:
            self._app.post_message(ProblemsFailed(str(error)))

    def source_loaded(self, message: SourceLoaded) -> None:
        """The list shows the new problems, and the source is remembered."""
        app, source = self._app, message.source
        app.launch = replace(app.launch, source=source)
        app.problems = message.problems
        count = len(message.problems.problems)
        self._tell(f"{source}: {count} problems, from the list on and for the next one", wrong=False)
        if source not in BUILT_IN:
            self._save("recent_problems", remembered(app.preferences.recent_problems, source))

    # The model.

    def _choose_server(self, text: str) -> None:
        """`ADDRESS [MODEL]`; empty goes back to the model on this machine."""
        address, _, model = text.partition(" ")
        if not address:
            if self._app.launch.choice.base_url:
                self._use(EngineChoice())
            return
        choice = EngineChoice(model.strip(), address)
        self._tell(f"asking {address} …", wrong=False)
        self._start(lambda: self._try(choice))

    def _try(self, choice: EngineChoice) -> None:
        open_choice = self._app.launch.open_choice
        assert open_choice is not None
        engine: Engine | None = None
        try:
            engine = open_choice(choice)
            info = engine.prepare(lambda _: None, self._app.services.stop)
            self._app.post_message(ServerTried(choice, engine, info.name))
        except AssistantError as error:
            if engine is not None:
                engine.close()
            self._app.post_message(ServerTried(choice, error=str(error)))

    def server_tried(self, message: ServerTried) -> None:
        """A server that answers is used from now on; of another one the person hears why not, and nothing changes."""
        engine = message.engine
        if engine is None:
            self._tell(f"{message.choice.base_url}: {message.error}")
            return
        self._tell(f"{message.choice.base_url} answers: {message.model}", wrong=False)
        self._use(message.choice, lambda: engine)

    def _use(self, choice: EngineChoice, opened: Callable[[], Engine] | None = None) -> None:
        """Replace the engine; a session that runs is left first, and gone on with once the new model is there."""
        app = self._app
        open_choice = app.launch.open_choice
        assert open_choice is not None
        former = app.launch.choice
        journal = app.navigator.leave_for_new_model()
        app.services.model, app.model_error = None, ""
        self._set_choice(choice)
        if journal is not None:
            app.navigator.resume(journal)
        self._start(lambda: self._switch(choice, former, opened or (lambda: open_choice(choice))))

    def _switch(self, choice: EngineChoice, former: EngineChoice, opened: Callable[[], Engine]) -> None:
        app = self._app
        app.navigator.wait_until_left()
        try:
            info = app.services.switch(opened, app.tell_progress)
            if app.launch.choice is choice:  # else another one was chosen meanwhile
                app.post_message(ModelSwitched(info, choice))
        except AssistantError as error:
            if app.launch.choice is choice:
                app.post_message(ModelKept(former, str(error)))

    def model_switched(self, message: ModelSwitched) -> None:
        """The choice is kept for the next start."""
        choice = message.choice
        for name, value in (("engine", "auto"), ("model", choice.model), ("base_url", choice.base_url)):
            self._save(name, value)
        self._tell(f"{message.info.name} answers from now on", wrong=False)

    def model_kept(self, message: ModelKept) -> None:
        """Back to the model that was there before."""
        self._set_choice(message.former)
        self._tell(f"{message.error} The former model is loaded again.")
        self._app.prepare_model()

    def _set_choice(self, choice: EngineChoice) -> None:
        app = self._app
        app.launch = replace(app.launch, choice=choice, model_name=choice.model)
        app.services.launch = app.launch

    def _save(self, name: str, value: object) -> None:
        try:
            save_preference(name, value)
        except AssistantError as error:
            self._tell(str(error))
        self._app.preference_changed(name, value)

    def _start(self, step: Callable[[], None]) -> None:
        threading.Thread(target=step, name="set-up", daemon=True).start()


def changed_settings(settings: Settings, name: str, text: str) -> tuple[Settings, str]:
    """The settings with one of them as it was typed, and a note on what changed with it. Raises UsageError."""
    if name == "template":
        load_template(text)
        return settings.model_copy(
            update={"prompt": settings.prompt.model_copy(update={"template": text})}
        ), ""
    if name == "temperature":
        return _with_temperature(settings, text), ""
    least, most = (0 if name == "rounds" else 1), MOST[name]
    if not text.isdecimal() or not least <= int(text) <= most:
        raise UsageError(f"{name}: a number from {least} to {most}, not {text!r}")
    changed = settings.model_copy(update={name: int(text)})
    if changed.samples > 1 and changed.sampling.temperature == 0:
        return _with_temperature(
            changed, str(VARIED)
        ), f", temperature {VARIED:g} (at 0 all samples are alike)"
    return changed, ""


def _with_temperature(settings: Settings, text: str) -> Settings:
    try:
        value = float(text)
        sampling = type(settings.sampling).model_validate(
            {**settings.sampling.model_dump(), "temperature": value}
        )
    except (ValueError, ValidationError):
        value = -1.0
    if not 0 <= value <= 5:
        raise UsageError(f"temperature: a number from 0 (always the likeliest word) to 5, not {text!r}")
    if value == 0 and settings.samples > 1:
        raise UsageError("temperature 0 would draw the same program again: set samples to 1 first")
    return settings.model_copy(update={"sampling": sampling})


def remembered(recent: list[str], source: str) -> list[str]:
    """The sets of problems to offer the next time, this one first; paths are kept whole."""
    path = Path(source).expanduser()
    name = str(path.resolve()) if path.exists() else source
    return [name, *(other for other in recent if other != name)][:RECENT]


def completed_path(text: str) -> str | None:
    """`text` with the path at its end completed to the first file or folder that begins so; None where none does."""
    if not text:
        return None
    given = Path(text).expanduser()
    folder, begun = (given, "") if text.endswith("/") else (given.parent, given.name)
    try:
        names = sorted(
            entry.name + ("/" if entry.is_dir() else "")
            for entry in folder.iterdir()
            if entry.name.startswith(begun) and (begun or not entry.name.startswith("."))
        )
    except OSError:
        return None
    if not names or names[0] == begun:
        return None
    return text[: len(text) - len(begun)] + names[0]
