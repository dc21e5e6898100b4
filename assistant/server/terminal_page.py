"""The page with the terminal: textual-serve's, with a title and an icon, and without what leads elsewhere."""

from __future__ import annotations

import re
import shutil
from importlib import resources
from pathlib import Path

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%23203a4a'/%3E"
    "%3Cpath d='M3 4l4 4-4 4M8 12h5' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E"
)
HEAD = f"""<title>assistant</title>
    <link rel="icon" href="{ICON}" />"""
SCRIPT = """<script>
      const terminal = document.getElementById("terminal");
      const scheme = location.protocol === "https:" ? "wss://" : "ws://";
      terminal.dataset.sessionWebsocketUrl = scheme + location.host + "/ws";
      const keys = () => document.querySelector(".xterm-helper-textarea");
      const takeKeys = () => { const field = keys(); if (field) { field.blur(); field.focus(); } };
      const waiting = setInterval(() => {
        if (keys() && document.body.classList.contains("-first-byte")) {
          clearInterval(waiting);
          takeKeys();
        }
      }, 50);
      window.addEventListener("focus", takeKeys);
    </script>
  </body>"""
HOME = """<script>
      function refresh() { location.href = "/"; }
      const ended = new MutationObserver(() => {
        if (!document.body.classList.contains("-closed")) return;
        ended.disconnect();
        document.querySelector(".closed-dialog .message").textContent =
          "This page is closed. Your work is kept.";
        fetch("/step").then((answer) => answer.text()).then((step) => { if (step !== "work") refresh(); });
      });
      ended.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    </script>
  </body>"""
"""For a study: when the app ends there, the person's own page says what comes next."""


def write_templates(folder: Path, *, in_study: bool = False) -> Path:
    """textual-serve's templates in `folder`, changed: the page takes the keys at once.

    It is without the link to a font on another machine: nothing here leaves this one.
    """
    templates = folder / "templates"
    with resources.as_file(resources.files("textual_serve") / "templates") as packaged:
        shutil.copytree(packaged, templates)
    page = templates / "app_index.html"
    html = page.read_text(encoding="utf-8")
    html = re.sub(r"<link\b[^>]*https?://fonts\.[^>]*>", "", html)
    script = SCRIPT.replace("  </body>", HOME) if in_study else SCRIPT
    page.write_text(
        html.replace("<head>", f"<head>\n    {HEAD}").replace("</body>", script), encoding="utf-8"
    )
    return templates
