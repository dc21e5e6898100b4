"""Training on exported datasets: LoRA with TRL and PEFT (`assistant train`).

Imported by: `cli`. Imports: `engine` (for the base model's files), `datasets` and below; TRL, PEFT and torch
only inside functions, because they are optional and slow to import.
Processes: runs in the command's own process and needs its memory.
Start reading at `lora.py`.
"""
