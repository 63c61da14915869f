"""Stage 8: the ticket at the desk, its orders at the broker."""
