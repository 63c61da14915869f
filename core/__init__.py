"""The vocabulary of daybook: settings, errors, types, tables. Imports nothing of ours."""
