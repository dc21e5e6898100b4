"""The round loop: a generator of events, with no screen in it."""
