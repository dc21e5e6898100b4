"""The scripted engine: answers from a file, for demos and tests; it records its requests."""
