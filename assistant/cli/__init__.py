"""The command line, and the session without a screen."""
