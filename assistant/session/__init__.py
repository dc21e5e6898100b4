"""The round loop of a session, prompts, control arms and studies: generators of events, without any display.

`session.py` holds `Session`: it generates an answer, runs its tests, records each event, takes feedback, and
repeats.
`prompting.py` builds the prompts; `arms/` makes control answers from the same states; `study.py` and
`annotation_queue.py` serve studies with several annotators; `replay.py` repeats a recorded session.

Imported by: `datasets`, `bench`, `cli`, `tui`. Imports: `problems`, `journal` and below; engine and sandbox are
passed in.
Threads: a session belongs to one thread (the app's session thread, or the main thread in plain mode), which
iterates its generators; `arms/background.py` uses idle time between rounds. No textual, no printing.
Start reading at `session.py`, then `prompting.py` and `arms/build.py`.
"""
