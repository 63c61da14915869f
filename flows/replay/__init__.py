"""The replay of past sessions."""
