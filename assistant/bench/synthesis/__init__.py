"""Programs from tasks: the paper's synthesis experiment."""
