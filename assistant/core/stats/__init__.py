"""Statistics, pure and small: each is held against scipy or statsmodels, and against data of known answer."""
