"""Reading and writing of files: bounded, atomic, synced. Imports nothing of the package but `core`."""
