"""Settings: comments survive, a bad value or file is said with its line and never overwritten."""

from __future__ import annotations

import getpass
import os
import re
import threading
from pathlib import Path

import pytest

from assistant.core.errors import AssistantError
from assistant.settings.preferences import (
    Preferences,
    PreferencesError,
    annotator_id,
    load_preferences,
    save_preference,
    settings_file,
)


def write(text: str) -> Path:
    path = settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def told() -> tuple[Preferences, list[str]]:
    lines: list[str] = []
    return load_preferences(lines.append), lines


def test_without_a_file_the_defaults_hold_and_nothing_is_said() -> None:
    assert told() == (Preferences(), [])
    assert not settings_file().exists()


def test_saving_keeps_comments_order_and_other_values() -> None:
    path = write('# mine\ntheme = "light"  # easy on the eyes\n\n[keys]\n# vim\ncopy = "y"\n')
    save_preference("away_seconds", 30)
    save_preference("theme", "dark")
    save_preference("keys", {"copy": "c", "quit": "q"})
    text = path.read_text(encoding="utf-8")
    assert text.startswith('# mine\ntheme = "dark"  # easy on the eyes\n')
    preferences, lines = told()
    assert lines == []
    assert (preferences.theme, preferences.away_seconds) == ("dark", 30.0)
    assert preferences.keys == {"copy": "c", "quit": "q"}


@pytest.mark.parametrize("name", sorted(Preferences.model_fields))
def test_every_setting_can_be_saved_and_read_back(name: str) -> None:
    value = getattr(Preferences(), name)
    changed: object = {
        "engine": "openai", "device": "cpu", "notify": "none", "keys": {"a.b": "ctrl+x"}, "draws": 4,
        "point_by_point": False,
        "recent_problems": ["starter", 'a "b"'],
    }.get(name)  # fmt: skip
    if changed is None:
        changed = (not value) if isinstance(value, bool) else 5.5 if isinstance(value, float) else 'ä "b" \\'
    save_preference(name, changed)
    assert told() == (Preferences().model_copy(update={name: changed}), [])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('theme = "a"\nbell == 1\n', "line 2 col"),
        ('theme = "a"\ntheme = "b"\n', "theme"),
        ("[keys\n", "line 1"),
    ],
)
def test_a_malformed_file_gives_its_line_and_the_defaults_and_is_kept(text: str, word: str) -> None:
    path = write(text)
    preferences, lines = told()
    assert preferences == Preferences()
    assert len(lines) == 1
    assert word in lines[0]
    assert str(path) in lines[0]
    assert "\n" not in lines[0]
    with pytest.raises(PreferencesError, match="tour_seen was not saved"):
        save_preference("tour_seen", True)
    assert path.read_text() == text


def test_a_file_that_is_not_utf8_gives_its_line() -> None:
    path = write("")
    path.write_bytes(b'# ok\ntheme = "\xff"\n')
    assert "line 2: not UTF-8" in told()[1][0]


def test_one_bad_value_is_left_out_and_the_others_hold() -> None:
    path = write(
        '# hello\ndevice = "quantum"\ntheme = "light"\nwheels = 4\naway_seconds = -1\n[keys]\na = 1\n'
    )
    preferences, lines = told()
    assert preferences == Preferences(theme="light")
    assert [re.sub(r".*(line \d+: \w+).*", r"\1", line) for line in lines] == [
        "line 2: device",
        "line 4: wheels",
        "line 5: away_seconds",
        "line 6: keys",
    ]
    assert path.read_text().startswith("# hello")


@pytest.mark.parametrize(("name", "value"), [("wheels", 4), ("device", "quantum"), ("away_seconds", "soon")])
def test_a_value_that_cannot_be_is_not_saved(name: str, value: object) -> None:
    with pytest.raises(AssistantError, match=f"setting {name}"):
        save_preference(name, value)
    assert not settings_file().exists()


def test_a_settings_folder_that_cannot_be_written_is_said() -> None:
    settings_file().parent.parent.mkdir(parents=True, exist_ok=True)
    settings_file().parent.write_text("in the way")
    with pytest.raises(PreferencesError, match="tour_seen was not saved"):
        save_preference("tour_seen", True)
    assert load_preferences() == Preferences()


def test_two_programs_that_save_at_once_lose_neither_value() -> None:
    names = ["theme", "model", "annotator", "base_url", "precision", "sessions", "cache"]
    threads = [threading.Thread(target=save_preference, args=(name, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    preferences = load_preferences()
    assert [getattr(preferences, name) for name in names] == names
    assert [p.name for p in settings_file().parent.iterdir()] == ["settings.toml"]


def test_the_pseudonym_is_random_kept_and_not_the_login_name() -> None:
    made = annotator_id()
    assert re.fullmatch(r"anon-[0-9a-z]{8}", made)
    assert annotator_id() == made
    assert getpass.getuser() not in made
    save_preference("annotator", "p07")
    assert annotator_id() == "p07"


def test_a_pseudonym_that_cannot_be_kept_is_still_one() -> None:
    data = Path(os.environ["XDG_DATA_HOME"])
    data.mkdir(parents=True, exist_ok=True)
    (data / "assistant").write_text("in the way")
    assert re.fullmatch(r"anon-[0-9a-z]{8}", annotator_id())
