"""One module for each screen: problems, session, summary, replay, settings, help, and dialogs.

A screen composes widgets, reacts to their messages and calls `app.navigation`; it runs on the screen's thread.
Start reading at `problems.py`, then `session/screen.py`.
"""
