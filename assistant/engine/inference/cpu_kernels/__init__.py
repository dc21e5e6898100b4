"""The forward step of an 8-bit `Llama` as machine code of our own, compiled by numba for the processor at hand.

Decoding on a processor is bound by the memory that the weights are read from, once a step. What a step adds
to that is time lost: torch's products compute after they have read instead of meanwhile, and some 25 small
operations a layer take their turns. Here all layers are one call, in which the threads share the work.
"""
