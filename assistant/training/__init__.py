"""Training on exported datasets: LoRA with TRL and PEFT (`assistant train`).

`lora.py` checks the export, loads the base model's files from the cache, trains (SFT, DPO or KTO, by what the export
holds), merges the adapter and writes a complete model folder that `--model` takes. Nothing is left of a run that
failed.

Imported by: `cli`. Imports: `engine` (for the base model's files), `datasets` and below; TRL, PEFT and torch
only inside functions, because they are optional and slow to import.
Threads: none of its own. Processes: runs in the command's own process and needs its memory.
Start reading at `lora.py`.
"""
