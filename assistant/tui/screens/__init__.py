"""One module for each screen: problems, session, summary, replay, settings, help, and dialogs.

A screen composes widgets, reacts to their messages and asks for other screens through navigation; `session/` is the
screen on which a person works. Dialogs return one value to who opened them.

Imported by: `tui` only. Imports: widgets, `tui.text`, and values of the layers below; no screen imports another
one's internals.
Threads: the screen's thread. What takes long runs on the session's thread or on a textual worker.
Start reading at `problems.py`, then `session/screen.py`.
"""
