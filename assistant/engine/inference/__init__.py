"""Turns prompt tokens into text: our own decode loop, caches, drafts and number formats. README.md explains a step.

`decoder.py` serves a request, `batch.py` is its loop, `scheduler.py` joins the steps of several; `forward.py` chooses
how a model is stepped: our Llama on a processor (`cpu_kernels/`, `llama_forward.py`) or on a graphics card
(`cuda_graphs.py`), anything else through transformers (`transformers_forward.py`). `prefix_cache.py`,
`prompt_lookup.py` and `ngram_drafts.py` save work; `precision.py` chooses the number format.

Imported by: `engine.process` (in the worker) and `engine.models.loader`. Imports: `core`, torch, transformers.
Threads: all on the worker's main thread; the kernels bring a team of threads of their own.
Processes: the model's worker only. The application never imports torch.
Start reading at README.md, then `decoder.py` and `batch.py`.
"""

ENVIRONMENT = {
    "GOMP_SPINCOUNT": "10000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""For the process that decodes on a processor; must be set before it starts.

Threads that wait for one another without end, as OpenMP's do by default, take the processor from whom they wait
for as soon as anything else runs: steps of 90 ms were seen to take 1300 ms. Weights in huge pages (Linux, glibc
2.35) are read with fewer address look-ups: a step took 60 ms instead of 95 ms.
"""
