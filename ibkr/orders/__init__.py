"""Orders at the broker: what-if, sent, tracked, modified, cancelled, listed."""
