"""The terminal app. Alone imports textual."""
