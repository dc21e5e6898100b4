"""A package with one part of each kind that `assistant` finds by name."""
