"""Stage 9: the page, the journal and the messages; and the session's close."""
