"""The session screen: composition and keys (`screen.py`), what is shown (`display.py`), sending feedback
(`feedback.py`)."""
