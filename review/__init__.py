"""What people see and answer: the page of the day and the messages."""
