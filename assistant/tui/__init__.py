"""The terminal app: screens, widgets and the thread that runs the session.

`app.py` is the application and `context.py` what its screens know of it, so that no screen imports the app;
`actions.py` is the one table of keys, commands and help; `session_worker.py` executes a session's commands on its
own thread and posts the events as messages; `view_model.py` turns state into what widgets show.

Imported by: `cli.tui_launcher`. Imports: `session`, `sandbox`, `problems`, `journal` and below; no
other package may import textual.
Threads: widgets belong to the screen's thread; the session's thread only posts messages (`messages.py`).
Start reading at `app.py`, then `session_worker.py` and `screens/session/screen.py`.
"""
