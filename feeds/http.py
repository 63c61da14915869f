"""The one way out to vendors: bounded in time, size and tries, and silent about keys."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from types import MappingProxyType
from urllib.parse import urlencode

import httpx
import stamina
from pydantic import SecretStr

from core import clock
from core.errors import ConfigurationError, VendorError
from core.http_exchange import (
    REFUSAL_LIMIT,
    Allowance,
    NoAnswer,
    Reply,
    UnusableAnswer,
    exchange,
)
from core.settings import VendorSettings
from core.text.counts import count
from core.text.masking import DISTINCTIVE, SHORTEST, Masker
from core.text.untrusted import plain

MEGABYTE = 1_000_000
API_LIMIT = 20 * MEGABYTE
BULK_LIMIT = 128 * MEGABYTE  # one row for every symbol the vendor has, about 50,000
FEED_LIMIT = 2 * MEGABYTE

TRY_TIMEOUTS = 6  # one try, name to last byte, may take this many times ``vendors.timeout``
CALL_TIMEOUTS = 12  # and all tries of one call, with the pauses between them, this many
LONGEST_PAUSE = 10.0  # seconds between two tries, where the vendor names none
LONGEST_WAIT = 60.0  # seconds; a vendor that asks for more is given up, for today
WAIT_ON_429 = 10.0  # seconds; FMP's bulk limiter names none and is still shut after a short one
TOO_MANY_REQUESTS = 429

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HEADERS = {"User-Agent": "daybook", "Accept": "*/*", "Accept-Encoding": "gzip"}
_log = logging.getLogger(__name__)

NO_QUERY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Payload:
    """What a vendor sent, as received, keys blanked out: what is staged and parsed again later."""

    name: str  # a relative path, unique within a day's staging folder
    content: bytes


def staged_name(stem: str, content: bytes) -> str:
    """Return the name a payload is staged under, with the suffix of what it holds."""
    first = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    suffix = {b"[": "json", b"{": "json", b"<": "xml"}.get(first, "csv")
    return f"{stem}.{suffix}"


class Fetcher:
    """GET with one deadline, a few tries and a size cap; redirects are not followed.

    Only transport errors, 429 and 5xx are tried again. One try takes at most `TRY_TIMEOUTS` times
    ``vendors.timeout``, from the look-up of the name to the last byte; all of them, with the
    pauses between, at most `CALL_TIMEOUTS` times. Safe to share between threads; needs no closing,
    because no connection outlives its answer.
    """

    def __init__(self, settings: VendorSettings) -> None:
        self._timeout = settings.timeout
        self._attempts = settings.attempts

    def get(
        self,
        url: str,
        *,
        query: Mapping[str, str | SecretStr] = NO_QUERY,
        limit: int = API_LIMIT,
    ) -> bytes:
        """Return the body of a successful answer, its secrets blanked out.

        Parameters
        ----------
        url
            http or https, without user and password. May have a query of its own.
        query
            Added to the address; `SecretStr` values never appear in a log, error or result.
        limit
            Bytes; a larger body is refused, before more than that of it is unpacked.

        Raises
        ------
        ConfigurationError
            The address cannot be used.
        VendorError
            No usable answer; the message says what came instead and what to do.
        """
        secrets = [v.get_secret_value() for v in query.values() if isinstance(v, SecretStr)]
        address = checked_address(url, secret=bool(secrets))
        masker = Masker([*secrets, *_tokens(address)])
        address = _with_query(address, query)
        end = clock.stopwatch() + CALL_TIMEOUTS * self._timeout
        pause = min(LONGEST_PAUSE, self._timeout)
        try:
            for attempt in stamina.retry_context(
                on=partial(_pause, pause=pause, end=end),
                attempts=self._attempts,
                timeout=None,
                wait_initial=min(0.5, pause),
                wait_max=pause,
            ):
                with attempt:
                    return masker.content(self._once(address, limit, masker, end))
        except _PassingFault as fault:
            raise VendorError(f"{fault}; gave up after {count(attempt.num, 'attempt')}") from None
        raise AssertionError("a retry context ends with a value or an error")

    def _once(self, address: httpx.URL, limit: int, masker: Masker, end: float) -> bytes:
        where = str(address.copy_with(query=None))
        started = clock.stopwatch()
        allowance = Allowance(
            wait=self._timeout,
            total=min(TRY_TIMEOUTS * self._timeout, end - started),
            limit=limit,
        )
        try:
            reply = exchange(httpx.Request("GET", address, headers=_HEADERS), allowance)
        except NoAnswer as error:
            # The cause is dropped: a protocol error quotes what the server sent, maybe our key.
            raise _PassingFault(f"{where}: {masker.text(str(error))}") from None
        except UnusableAnswer as error:
            raise VendorError(f"{where}: {masker.text(str(error))}") from None
        _log.info(
            "GET %s: HTTP %d, %d bytes in %.2f s",
            where, reply.status, len(reply.body), clock.stopwatch() - started,
        )  # fmt: skip
        if not 200 <= reply.status < 300:
            raise _refusal(reply, where, masker)
        return reply.body


def _tokens(address: httpx.URL) -> Iterator[str]:
    """Yield what may be a key in the query of an address; a feed repeats it in its links."""
    for name, value in address.params.multi_items():
        if len(value) >= SHORTEST:
            yield f"{name}={value}"
            yield from [value] if len(value) >= DISTINCTIVE else []


def _with_query(url: httpx.URL, query: Mapping[str, str | SecretStr]) -> httpx.URL:
    added = urlencode(
        {k: v.get_secret_value() if isinstance(v, SecretStr) else v for k, v in query.items()}
    )
    whole = "&".join(part for part in (url.query.decode("ascii"), added) if part)
    return url.copy_with(query=whole.encode("ascii") or None)


class _PassingFault(VendorError):
    """Worth another try, after ``wait`` seconds where the vendor named them."""

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def _pause(error: Exception, *, pause: float, end: float) -> bool | float:
    """Say whether to try again, and after how many seconds; not when that would be too late."""
    if not isinstance(error, _PassingFault):
        return False
    if clock.stopwatch() + (pause if error.wait is None else error.wait) >= end:
        return False
    return True if error.wait is None else error.wait


def checked_address(url: str, *, secret: bool) -> httpx.URL:
    """Return the parsed address. Raises `ConfigurationError` if it must not be asked."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        # Its text quotes the part that is wrong, which may be of a password.
        raise ConfigurationError("a vendor's address cannot be read as https://host/path") from None
    shown = f"{address.scheme}://{address.host}{address.path}"
    if address.scheme not in {"http", "https"} or not address.host:
        raise ConfigurationError(f"{shown}: a vendor's address starts with https:// and a host")
    if address.userinfo:
        raise ConfigurationError(f"{shown}: take user and password out of the address")
    if secret and address.scheme == "http" and address.host not in _LOOPBACK:
        raise ConfigurationError(f"{shown}: a key is never sent unencrypted; use https://")
    return address


def _refusal(reply: Reply, where: str, masker: Masker) -> VendorError:
    status = reply.status
    said = f"HTTP {status}{_quoted(reply, masker)}"
    if status == 402:
        return VendorError(f"{where}: the plan does not include this data ({said})")
    if status in {401, 403}:
        remedy = "; check its key in the settings" if masker else ""
        return VendorError(f"{where}: the vendor refuses the key or the caller ({said}){remedy}")
    if status == TOO_MANY_REQUESTS or status >= 500:
        wait = _retry_after(reply)
        if wait is not None and wait > LONGEST_WAIT:
            return VendorError(f"{where}: {said}; the vendor asks to wait {wait:.0f} s")
        return _PassingFault(f"{where}: {said}", wait=wait)
    if 300 <= status < 400:
        return VendorError(
            f"{where}: {said}: moved, and redirects are not followed; correct the address"
        )
    return VendorError(f"{where}: {said}")


def _quoted(reply: Reply, masker: Masker) -> str:
    """Return the first words of a refusal, harmless, as `` "words"``, or nothing."""
    start = reply.body.decode("utf-8", "replace")
    words = masker.text(plain(start, REFUSAL_LIMIT))[:120]
    return f' "{words}"' if words else ""


def _retry_after(reply: Reply) -> float | None:
    """Return the seconds the vendor asks to wait: RFC 9110, a number or a date."""
    asked = reply.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        # Against the vendor's own clock: two dates of one answer, whatever ours says.
        until = parsedate_to_datetime(asked) - parsedate_to_datetime(reply.headers["Date"])
        return max(0.0, until.total_seconds())
    except (KeyError, TypeError, ValueError):
        return WAIT_ON_429 if reply.status == TOO_MANY_REQUESTS else None
