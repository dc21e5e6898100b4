"""The colour themes. Stylesheets refer to their colours by name."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="dark",
    primary="#7aa2f7",
    secondary="#ad8ee6",
    accent="#e0af68",
    foreground="#d5d9e8",
    background="#14161f",
    surface="#191c27",
    panel="#242838",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    dark=True,
)
LIGHT = Theme(
    name="light",
    primary="#1f5fbf",
    secondary="#7a3e9d",
    accent="#9a5b00",
    foreground="#22262f",
    background="#fafafa",
    surface="#f1f2f5",
    panel="#e2e5ec",
    success="#15622a",
    warning="#9a5b00",
    error="#b3182d",
    dark=False,
)
HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#66d9ff",
    secondary="#ff9cff",
    accent="#ffff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#303030",
    success="#00ff66",
    warning="#ffff00",
    error="#ff8080",
    dark=True,
)
HIGH_CONTRAST_LIGHT = Theme(
    name="high-contrast-light",
    primary="#00309c",
    secondary="#6a006a",
    accent="#5c3b00",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#d8d8d8",
    success="#005018",
    warning="#5c3b00",
    error="#8c0014",
    dark=False,
)
THEMES = (DARK, LIGHT, HIGH_CONTRAST, HIGH_CONTRAST_LIGHT)
