"""One module for each data set: how its records are recognised and turned into problems."""
