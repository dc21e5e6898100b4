"""Training on exported datasets: LoRA with TRL and PEFT. Runs in the command's own process."""
