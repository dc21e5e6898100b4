"""Turning prompt tokens into text, fast: our own decode loop, caches, drafts, and number formats."""

ENVIRONMENT = {
    "GOMP_SPINCOUNT": "10000",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""For the process that decodes on a processor; must be set before it starts.

Threads that wait for one another without end, as OpenMP's do by default, take the processor from whom they wait
for as soon as anything else runs: steps of 90 ms were seen to take 1300 ms. Weights in huge pages (Linux, glibc
2.35) are read with fewer address look-ups: a step took 60 ms instead of 95 ms.
"""
