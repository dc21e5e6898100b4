"""Figures: each function draws one from results and knows no journal. The same results give the same bytes."""
