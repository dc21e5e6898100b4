"""Text for widgets: styled spans, syntax colours, differences. No widget here."""
