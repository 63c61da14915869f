"""Target weights: numbers in, numbers out."""
