"""The tamper-evident decision log.

One folder per mode::

    checkpoint   how far the journal is sealed; renaming it into place is the commit
    segments/    one parquet file per append, each naming the hash of the one before
    quarantine/  segments of interrupted appends, set aside and never read
    lock         held while appending

What `verify` detects on its own: any change, removal, addition or exchange in the segments, the
checkpoint and the artefacts the entries name. What it cannot detect on its own: a whole journal
put back to an earlier state, or written anew from the start. For that, compare `Verified.head`
with a head that was kept elsewhere, such as in the message of the day.
"""

from journal.append import Sealed, log
from journal.entry import Decision, Entry
from journal.verification import SealedEntry, Verified, entries, newest_first, verify

__all__ = [
    "Decision",
    "Entry",
    "Sealed",
    "SealedEntry",
    "Verified",
    "entries",
    "log",
    "newest_first",
    "verify",
]
