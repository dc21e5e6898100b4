"""assistant: a local model writes a function, its tests run, a person says what is wrong, it writes again."""

__version__ = "0.1.0"
