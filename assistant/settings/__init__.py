"""Where files are, and the person's preferences (settings.toml)."""
