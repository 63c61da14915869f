"""The matching engine: orders, executions, positions, corporate actions."""
