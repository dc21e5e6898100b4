"""Plain values that every other room speaks in: no I/O, no processes, no clock, no torch, no screen."""
