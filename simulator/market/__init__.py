"""The simulated market: instruments and their daily bars, invented or from a file."""
