"""Screens: what a person walks through."""
