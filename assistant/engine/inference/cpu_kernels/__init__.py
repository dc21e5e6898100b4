"""The forward step of an 8-bit `Llama` as machine code of our own, compiled by numba for the processor at hand.

Decoding on a processor is bound by the memory that the weights are read from, once a step. What a step adds
to that is time lost: torch's products compute after they have read instead of meanwhile, and some 25 small
operations a layer take their turns. Here all layers are one call, in which the threads share the work.

Imported by: `engine.inference` and `engine.models`. Imports: numba and llvmlite (x86-64 and aarch64).
Threads: a team of as many threads as torch uses, of which the caller is one; they meet at barriers in shared memory.
Processes: compiling takes a process of its own (`compile_kernels.py`); the result is kept on disk.
Start reading at `forward.py`, then `kernels.py`, `intrinsics.py` and `dot_products.py`.
"""
