"""What a day looks at: the members of an index, and watch-lists in files."""
