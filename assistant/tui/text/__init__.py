"""Text for widgets: styled spans, syntax colours, differences. Pure functions without widgets, for any thread."""
