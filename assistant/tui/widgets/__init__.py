"""Widgets: each takes one value down and sends messages up."""
