"""The terminal app: opens screens, loads the model in the background, and closes sessions safely at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Event, InputEvent, Key
from textual.filter import LineFilter
from textual.screen import Screen

from assistant.core.errors import AssistantError
from assistant.settings.preferences import save_preference
from assistant.tui import clipboard
from assistant.tui.actions import bindings
from assistant.tui.context import AppContext
from assistant.tui.drivers import own_driver
from assistant.tui.input_queue import InputQueue, as_text, direct_typing
from assistant.tui.key_names import keymap, unknown_keys
from assistant.tui.launch import Launch, Problems
from assistant.tui.messages import (
    ModelFailed,
    ModelKept,
    ModelProgress,
    ModelReady,
    ModelSwitched,
    ProblemsFailed,
    ProblemsLoaded,
    ServerTried,
    SessionsListed,
    SourceLoaded,
    StudyFailed,
    StudyNext,
)
from assistant.tui.navigation import Navigator
from assistant.tui.palette import commands_of, places_of
from assistant.tui.problem_filter import attempts_of
from assistant.tui.screens.problems import LibraryScreen
from assistant.tui.setup import SetUpFlow
from assistant.tui.study_flow import StudyFlow
from assistant.tui.terminal_safety import SafeText, on_signals
from assistant.tui.unrequested_screens import Unasked, is_typing

LIST_FIRST = 0.5
"""Seconds for which the model's process waits for the list of problems; a large source may take longer."""


class AssistantApp(AppContext):
    """`AssistantApp(launch).run()` is the whole app."""

    TITLE = "assistant"
    CSS_PATH: ClassVar = ["styles/base.tcss", "styles/work.tcss", "styles/around.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    # Textual's own annotations of these two are not ClassVar.
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (15, "-low"), (21, "-high")]  # noqa: RUF012
    navigator: Navigator
    setup: SetUpFlow
    study: StudyFlow | None

    def __init__(self, launch: Launch) -> None:
        super().__init__(launch)
        self.navigator = Navigator(self)
        self.setup = SetUpFlow(self)
        self.study = StudyFlow(self, launch.open_queue) if launch.open_queue else None
        self.input = InputQueue(self, self._deliver)
        self._heavy_begun = False

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [SafeText(), *super().get_line_filters()]

    def get_default_screen(self) -> LibraryScreen:
        return LibraryScreen()

    @property
    def library(self) -> LibraryScreen:
        return self.navigator.library

    def on_load(self) -> None:
        """Before the terminal is taken: whatever signal comes from now on gives it back."""
        on_signals(lambda status: self.exit(return_code=status))

    def action_suspend_process(self) -> None:
        """To the shell. Nobody reads or waits there, so the effort clocks stand still."""
        self.navigator.run_clocks(False)
        super().action_suspend_process()

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _: self.navigator.run_clocks(True))
        self.set_keymap(keymap(self.preferences.keys))
        for name in unknown_keys(self.preferences.keys):
            self.notify(f"settings: keys.{name} names no action; F1 lists them", severity="warning")
        for warning in self.launch.warnings:
            self.notify(warning, severity="warning", timeout=15, markup=False)
        self.call_after_refresh(self._begin_loading)
        if not self.preferences.tour_seen:
            self.call_after_refresh(self._show_tour)

    def _begin_loading(self) -> None:
        """Once the first screen is painted, so that nothing competes with it; the list comes before the model."""
        self.load_problems()
        self.set_timer(LIST_FIRST, self._begin_heavy_loading)

    def _begin_heavy_loading(self) -> None:
        if not self._heavy_begun:
            self._heavy_begun = True
            self.prepare_model()
            self.open_sandbox()

    def _show_tour(self) -> None:
        from assistant.tui.screens.tour import TourScreen

        self.push_screen(TourScreen(in_study=self.study is not None), lambda _: self.tour_seen())

    def tour_seen(self) -> None:
        """Don't show it again."""
        try:
            save_preference("tour_seen", True)
        except AssistantError as error:
            self.notify(str(error), severity="warning", markup=False)
        self.preference_changed("tour_seen", True)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette finds: the actions that are possible on this screen."""
        return commands_of(self, screen)

    def action_help(self) -> None:
        from assistant.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(places_of(self.screen), self.preferences.keys))

    def action_settings(self) -> None:
        from assistant.tui.screens.settings import SettingsScreen

        if not isinstance(self.screen, SettingsScreen):
            self.push_screen(SettingsScreen())

    # What the loading threads say.

    @on(SessionsListed)
    def sessions_listed(self, message: SessionsListed) -> None:
        self.sessions = message.sessions
        self.attempts = attempts_of(message.sessions)
        self.library.show_attempts()

    @on(ProblemsLoaded)
    def problems_loaded(self, message: ProblemsLoaded) -> None:
        self.problems = message.problems
        self.library.show_problems(message.problems)
        self.call_after_refresh(self._begin_heavy_loading)
        self.read_sessions()
        self._import_session_screen()
        self._open_what_was_asked(message.problems)

    @work(thread=True, group="import", exit_on_error=False)
    def _import_session_screen(self) -> None:
        """Its import takes a moment: it is done while the person looks at the list."""
        import assistant.tui.screens.session.screen  # noqa: F401

    @on(SourceLoaded)
    def source_loaded(self, message: SourceLoaded) -> None:
        self.setup.source_loaded(message)
        self.library.show_problems(message.problems)
        self.read_sessions()

    @on(ServerTried)
    def server_tried(self, message: ServerTried) -> None:
        self.setup.server_tried(message)

    @on(ModelSwitched)
    def model_switched(self, message: ModelSwitched) -> None:
        self.setup.model_switched(message)
        self.model_ready()

    @on(ModelKept)
    def model_kept(self, message: ModelKept) -> None:
        self.setup.model_kept(message)

    def _open_what_was_asked(self, problems: Problems) -> None:
        wanted, resume = self.launch.problem, self.launch.resume
        if self.study is not None:
            self.study.next()
        elif resume is not None:
            self.navigator.open_again(resume)
        elif self.launch.own is not None:
            self.navigator.work_on_own(self.launch.own)
        elif wanted is not None:
            found = next((p for p in problems.problems if wanted in (p.id, p.id.rpartition("/")[2])), None)
            if found is None:
                self.notify(
                    f"there is no problem {wanted} in {problems.name}", severity="error", markup=False
                )
            else:
                self.navigator.work_on(found)

    @on(ProblemsFailed)
    def problems_failed(self, message: ProblemsFailed) -> None:
        self.notify(message.error, severity="error", timeout=30, markup=False)

    @on(ModelProgress)
    def model_progress(self, message: ModelProgress) -> None:
        self.progress = message.progress

    @on(ModelReady)
    def model_ready(self) -> None:
        self.progress = None
        if self.services.model is not None:  # not of an engine that was replaced meanwhile
            self.navigator.begin_waiting()
            self.navigator.library.prefill()

    @on(ModelFailed)
    def model_failed(self, message: ModelFailed) -> None:
        self.progress, self.model_error = None, message.error
        self.notify(message.error, title="The model is not there", severity="error", timeout=60, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Trying again is offered only where it failed, the shell only where there is one, as are settings."""
        if not self.permits(action):
            return False
        if action == "suspend_process":
            return self._driver is not None and self._driver.can_suspend
        return bool(self.model_error) if action == "retry_model" else True

    async def run_action(
        self,
        action: str | tuple[str, str, tuple[object, ...]],
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """What reaches files, settings or the editor of this machine is not for somebody at a browser elsewhere."""
        name = action if isinstance(action, str) else action[1]
        if not self.permits(name.partition("(")[0].rpartition(".")[2]):
            self.notify("that is not possible in a study that is held in a browser")
            return False
        return await super().run_action(action, default_namespace, namespaces)

    # A study.

    @on(StudyNext)
    def study_next(self, message: StudyNext) -> None:
        if self.study is not None:
            self.study.proceed(message)

    @on(StudyFailed)
    def study_failed(self, message: StudyFailed) -> None:
        self.notify(message.error, severity="error", timeout=60, markup=False)

    # Leaving.

    def action_copy_or_hint(self) -> None:
        clipboard.copy_selected(self)

    def action_quit_safely(self) -> None:
        """Stop what runs, keep everything, leave."""
        self.exit()

    async def on_exit_app(self) -> None:
        """However the app is left (a key, a closed browser tab), open sessions release their journals first."""
        self.input.close()
        self.services.stop.set()
        self.navigator.release_all()
        await asyncio.to_thread(self.navigator.wait_until_left)

    # What is typed.

    def get_driver_class(self) -> type[Driver]:
        return own_driver(super().get_driver_class())

    async def on_event(self, event: Event) -> None:
        if not InputQueue.takes(event):
            await super().on_event(event)
            return
        if isinstance(event, InputEvent):
            self.navigator.person_acted(isinstance(event, Key))
        if isinstance(event, Key) and is_typing(event):
            self.typed_at = event.time
        await self.input.put(as_text(event))

    async def _deliver(self, event: Event) -> None:
        screen = self.screen
        if isinstance(screen, Unasked) and isinstance(event, Key) and not screen.takes(event):
            return
        direct_typing(screen, event)
        await super().on_event(event)


def run_app(launch: Launch) -> int:
    """Run the app in this terminal. Returns the exit status."""
    app = AssistantApp(launch)
    try:
        app.run()
    finally:
        app.services.close()
    return app.return_code or 0
