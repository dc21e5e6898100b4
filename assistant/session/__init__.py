"""The round loop of a session, prompts, control arms and studies: commands in, events out, without any display.

`session.py` holds `Session`, whose `execute` takes a command of `commands.py` and gives the events that follow from
it; `rounds.py` is the loop of one round (generate, extract, test, end), on top of `recorder.py`, which writes the
journal. `prompting.py` builds every prompt, `turns.py` the turns of the model that hold them, `evaluation.py` the
verdicts, `effort.py` is the effort clock. `draws.py` is about further draws of an answer. `arms/` makes control
answers from the same states; `study.py` and `annotation_queue.py` serve studies with several annotators; `replay.py`
repeats a recorded session.

Imported by: `datasets`, `bench`, `cli`, `tui`. Imports: `problems`, `journal` and below; engine and sandbox are
passed in.
Threads: a session belongs to one thread (the app's session thread, or the main thread in plain mode), which
consumes `execute`; `arms/background.py` uses idle time between rounds, for further draws and controls. No textual,
no printing.
Start reading at `session.py`, then `rounds.py`, `prompting.py` and `arms/build.py`.
"""
