"""Where problems come from: the starter set, HumanEval, MBPP and the other formats."""
