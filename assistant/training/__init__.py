"""Training: LoRA with TRL and PEFT (`assistant train`), on an exported dataset or on problems.

`methods.py` is the table of trainers and of the rows that each takes; `rows.py` loads them; `shuffled_words.py` makes
the control's. `lora.py` gets the base model from the cache, trains by `recipe.py`, merges the adapter and writes a
complete model folder that `--model` takes. A training that was stopped goes on (`checkpoints.py`).

Imported by: `cli`. Imports: `engine` (for the base model's files), `datasets`, `bench` and below; TRL, PEFT and torch
only inside functions, because they are optional and slow to import.
Threads: none of its own. Processes: runs in the command's own process and needs its memory.
Start reading at `lora.py`.
"""
