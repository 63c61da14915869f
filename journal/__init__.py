"""The tamper-evident decision log."""
