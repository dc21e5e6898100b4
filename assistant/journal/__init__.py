"""What is kept on disk: journals, their index, settings, folders."""
