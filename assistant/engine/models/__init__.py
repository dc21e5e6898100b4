"""Models on this machine: catalogue, sources, conversion, cache, capacity. No inference here."""
