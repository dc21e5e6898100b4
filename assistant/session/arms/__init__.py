"""Control arms: what they ask, how they are made in the background, afterwards, or with shuffled feedback."""
