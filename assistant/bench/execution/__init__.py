"""What does this program give for that input? The paper's execution experiment."""
