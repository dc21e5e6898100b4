"""Plain values and pure functions that every other package shares: the lowest layer.

It holds problems, test outcomes, events and the state folded from them, generation requests and results, code
extraction from answers, leakage measures, and statistics (`core.stats`). Nothing here does I/O, starts a process,
reads a clock, or imports torch or textual; with the same arguments a function returns the same value.

Imported by: every package. Imports: no other package of `assistant`.
Threads: values are frozen and functions have no shared state, so any thread or process may use them.
Start reading at `events.py` (what a journal holds), then `state.py` (`apply`: one event folded into the state),
`problem.py` and `outcome.py`; `errors.py` holds the base class of errors that the user can fix.
"""
