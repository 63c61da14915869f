"""Option strategies in two steps: preview, then confirm with a token."""
