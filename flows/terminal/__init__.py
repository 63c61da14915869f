"""The terminal: options, output, progress, usage errors."""
