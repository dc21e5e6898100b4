"""Other people's datasets as journals of their own kind."""
