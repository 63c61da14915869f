"""Order tickets: their bytes, their states, and the approvals bound to their hash."""
