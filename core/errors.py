"""Every error daybook raises on purpose, one class per thing the caller can do about it.

DaybookError
├── ConfigurationError      correct a setting or an argument; exit code 2
├── GatewayError            the broker did not give what was asked
│   ├── GatewayUnreachable  start the gateway or correct its address
│   ├── GatewayTimeout      it is there but silent: look at its window, try again
│   ├── RequestRefused      it answered with an error; trying the same again will not help
│   └── WrongAccount        the account is not the one, or not of the kind, that was configured
├── VendorError             a feed failed; the day may go on without it, flagged
├── DataError               the input cannot be used as it is
│   ├── NoData              there is none for this symbol or date
│   └── SchemaError         a table breaks its schema; every problem is listed
├── SolverError             the optimiser gave up; says nothing about the limits
├── StorageError            the disk refused; nothing half-written is left behind
├── JournalError            the journal cannot be trusted or written
│   └── JournalTampered     something sealed has changed since
└── StageFailed             a stage of the day failed; says what is kept and how to resume
"""

from __future__ import annotations

from collections.abc import Sequence

from core.text.counts import count
from core.text.masking import PROCESS
from core.text.untrusted import lines


class DaybookError(Exception):
    """Anything daybook raises on purpose. ``exit_code`` is what the command line returns."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the message as it may be shown anywhere: it may quote a stranger or a key."""
        return lines(PROCESS.text(super().__str__()))


class ConfigurationError(DaybookError):
    """A setting or an argument is wrong."""

    exit_code = 2


class GatewayError(DaybookError):
    """The broker did not give what was asked. Never read this as an empty answer."""


class GatewayUnreachable(GatewayError):
    """Nothing listens, or the connection broke."""


class GatewayTimeout(GatewayError):
    """The gateway is connected but did not answer in time."""


class RequestRefused(GatewayError):
    """The gateway answered with an error.

    Attributes
    ----------
    code
        TWS error code, for example 200 for an unknown contract.
    """

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message)
        self.code = code


class WrongAccount(GatewayError):
    """The account is not the configured one, or a live account where a paper one was asked."""

    exit_code = 2


class VendorError(DaybookError):
    """A source that is not IBKR failed or sent something unusable."""


class DataError(DaybookError):
    """The input cannot be used as it is."""


class NoData(DataError):
    """There is nothing for this symbol or date."""


class SchemaError(DataError):
    """A table breaks its schema."""

    def __init__(self, schema: str, problems: Sequence[str]) -> None:
        self.schema = schema
        self.problems = tuple(problems)
        listed = "\n  - ".join(self.problems)
        super().__init__(
            f"{count(len(self.problems), 'problem')} in a table of schema {schema!r}:\n  - {listed}"
        )


class SolverError(DaybookError):
    """The optimiser gave up. This says nothing about the limits."""


class StorageError(DaybookError):
    """The disk refused. Whatever was there before is still there."""


class JournalError(DaybookError):
    """The journal cannot be read or written."""


class JournalTampered(JournalError):
    """Something sealed has changed since it was sealed."""

    def __init__(self, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        listed = "\n  - ".join(self.findings)
        super().__init__(
            f"the journal does not verify, {count(len(self.findings), 'finding')}:\n  - {listed}"
        )


class StageFailed(DaybookError):
    """A stage of the day failed; what earlier stages wrote is kept."""

    def __init__(
        self, stage: str, reason: str, *, kept: Sequence[str], resume: str, exit_code: int = 1
    ) -> None:
        self.exit_code = exit_code
        self.stage = stage
        self.reason = reason
        self.kept = tuple(kept)
        self.resume = resume
        saved = f"kept: {', '.join(self.kept)}" if self.kept else "nothing was written yet"
        super().__init__(f"stage {stage!r} failed: {reason}\n{saved}\nto resume: {resume}")
