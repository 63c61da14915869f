"""Single orders in two steps: preview, then confirm with a token."""
