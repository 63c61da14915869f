"""What the desk keeps on disk: its store, audit trail, order events and tokens."""
