"""Settings, changed in the app and kept in the person's TOML file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Static

from assistant.core.errors import AssistantError
from assistant.settings.preferences import save_preference, settings_file
from assistant.tui.actions import bindings
from assistant.tui.screens.dialogs import KeyScreen, LineScreen
from assistant.tui.screens.pick import chooser
from assistant.tui.settings_model import (
    GENERAL,
    SETTINGS,
    SETUP,
    Setting,
    clash,
    next_choice,
    parsed,
    setting_line,
    value_of,
)
from assistant.tui.text.spans import Line
from assistant.tui.widgets.key_footer import KeyFooter
from assistant.tui.widgets.too_small import TooSmall
from assistant.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from assistant.tui.context import AppContext


KEPT = "Model, server and all below the set-up are kept; the rest of the set-up holds until the app closes"


class SettingList(VirtualList):
    """One row a setting."""

    app: AppContext

    @property
    def line_count(self) -> int:
        return len(SETTINGS)

    def line(self, y: int) -> Line:
        setting = SETTINGS[y]
        of_session = setting.kind == "set-up"
        value = self.app.setup.value(setting.name) if of_session else value_of(setting, self.app.preferences)
        return setting_line(setting, value)

    def line_look(self, y: int) -> str:
        return "" if y < len(SETUP) + len(GENERAL) else "line--aside"


class SettingsScreen(Screen[None]):
    """Enter changes a row."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("settings")
    PLACES: ClassVar = ("settings",)
    app: AppContext

    def compose(self) -> ComposeResult:
        yield Static(f"Settings  ·  {settings_file()}", id="title", markup=False)
        yield SettingList(id="settings")
        yield Static("", id="detail", markup=False)
        yield Static(KEPT, id="elsewhere", markup=False)
        yield KeyFooter()
        yield TooSmall()

    def on_mount(self) -> None:
        pane = self.query_one(SettingList)
        pane.border_title = "Set-up, settings, keys"
        pane.lines_changed()
        pane.focus()
        self._show_detail()
        self.set_interval(
            0.5, pane.lines_changed
        )  # a model or a set of problems takes effect when it is there

    @on(VirtualList.RowMoved, "#settings")
    def _show_detail(self) -> None:
        """The whole explanation of the chosen row, which its line may cut."""
        setting = SETTINGS[self.query_one(SettingList).row]
        fixed = self.app.setup.fixed(setting.name) if setting.kind == "set-up" else ""
        self.query_one("#detail", Static).update(f"{setting.title}: {fixed or setting.help}")

    @on(VirtualList.RowChosen)
    def action_change(self) -> None:
        setting = SETTINGS[self.query_one(SettingList).row]
        if setting.kind == "set-up":
            self._choose(setting)
        elif setting.kind == "choice":
            self._keep(setting, next_choice(setting, value_of(setting, self.app.preferences)))
        elif setting.kind == "text":
            value = value_of(setting, self.app.preferences)
            question = f"{setting.title}: {setting.help}"
            self.app.push_screen(LineScreen(question, value), lambda text: self._keep(setting, text))
        else:
            self.app.push_screen(KeyScreen(setting.title), lambda key: self._keep_key(setting, key))

    def _choose(self, setting: Setting) -> None:
        """A choice of the session takes effect by itself, with a line that says so."""
        setup = self.app.setup
        if reason := setup.fixed(setting.name):
            self.notify(reason, severity="warning", markup=False)
            return
        self.app.push_screen(chooser(setting, self.app), partial(self._chosen, setting.name))

    def _chosen(self, name: str, text: str | None) -> None:
        if text is not None:
            self.app.setup.change(name, text)
            self.query_one(SettingList).lines_changed()

    def action_close(self) -> None:
        self.dismiss()

    def _keep_key(self, setting: Setting, key: str | None) -> None:
        if key is None:
            return
        keys, name = dict(self.app.preferences.keys), setting.name.removeprefix("keys.")
        if key and (other := clash(setting, key, keys)):
            self.notify(f"{key} is taken by: {other}", severity="warning", markup=False)
            return
        keys.pop(name, None)
        self._save("keys", {**keys, name: key} if key else keys)

    def _keep(self, setting: Setting, shown: str | None) -> None:
        if shown is not None:
            self._save(setting.name, parsed(setting, shown))

    def _save(self, name: str, value: object) -> None:
        try:
            save_preference(name, value)
        except AssistantError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.app.preference_changed(name, value)
        self.query_one(SettingList).lines_changed()
