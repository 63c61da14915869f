"""A world as untidy as the real one, on demand: each oddity by its name."""
