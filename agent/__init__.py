"""The tool catalogue for machines."""
