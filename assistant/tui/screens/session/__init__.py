"""The screen of a session: composition and keys, display, feedback."""
