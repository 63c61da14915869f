"""What people see and answer: the page of the day, the messages and the terminal.

Everything here is drawn from one value, `review.day.DayPage`, so that no two places can tell
different stories about the same day.
"""
