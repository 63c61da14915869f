"""Features and scores: numbers in, numbers out."""
