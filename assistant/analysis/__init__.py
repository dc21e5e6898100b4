"""What the journals say: rates, arms, effort, figures, a report."""
