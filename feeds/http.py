"""The one way out to vendors: bounded in time, size and tries, and silent about keys."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from types import MappingProxyType
from urllib.parse import quote, quote_plus, urlencode

import httpx
import stamina
from pydantic import SecretStr

from core.errors import ConfigurationError, VendorError
from core.settings import VendorSettings
from feeds.text import plain

MEGABYTE = 1_000_000
API_LIMIT = 20 * MEGABYTE
BULK_LIMIT = 128 * MEGABYTE  # one row for every symbol the vendor has, about 50,000
FEED_LIMIT = 2 * MEGABYTE

TRANSFER_TIMEOUTS = 6  # a whole transfer may take this many times the time-out of one read
LONGEST_WAIT = 60.0  # seconds; a vendor that asks for more is given up, for today
WAIT_ON_429 = 10.0  # seconds; FMP's bulk limiter names none and is still shut after a short one
TOO_MANY_REQUESTS = 429
SHORTEST_SECRET = 8  # a shorter "key" is no secret, and blanking it out would tear up the data

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# At DEBUG it writes down whole response headers, where a redirect repeats our address, key and all.
logging.getLogger("httpcore").setLevel(logging.INFO)

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
    """GET with a time-out, a few tries and a size cap; redirects are not followed.

    Only transport errors, 429 and 5xx are tried again. Safe to share between threads; needs no
    closing, because no connection outlives its answer.
    """

    def __init__(self, settings: VendorSettings) -> None:
        self._timeout = settings.timeout
        self._attempts = settings.attempts
        self._client = httpx.Client(
            transport=_SealedTransport(
                verify=_authorities(), limits=httpx.Limits(max_keepalive_connections=0)
            ),
            timeout=settings.timeout,
            follow_redirects=False,
            headers={"User-Agent": "daybook", "Accept-Encoding": "gzip"},
        )

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
            Bytes; a larger body is refused.

        Raises
        ------
        ConfigurationError
            The address cannot be used.
        VendorError
            No usable answer; the message says what came instead and what to do.
        """
        secrets = [v.get_secret_value() for v in query.values() if isinstance(v, SecretStr)]
        request = self._request(checked_address(url, secret=bool(secrets)), query)
        try:
            for attempt in stamina.retry_context(
                on=_pause, attempts=self._attempts, timeout=None, wait_initial=0.5, wait_max=10.0
            ):
                with attempt:
                    return _redact(self._once(request, limit, secrets), secrets)
        except _PassingFault as fault:
            raise VendorError(f"{fault}; gave up after {self._attempts} attempt(s)") from None
        raise AssertionError("a retry context ends with a value or an error")

    def _request(self, url: httpx.URL, query: Mapping[str, str | SecretStr]) -> httpx.Request:
        added = urlencode(
            {k: v.get_secret_value() if isinstance(v, SecretStr) else v for k, v in query.items()}
        )
        whole = "&".join(part for part in (url.query.decode("ascii"), added) if part)
        return self._client.build_request(
            "GET", url.copy_with(query=None), extensions={"sealed_query": SecretStr(whole)}
        )

    def _once(self, request: httpx.Request, limit: int, secrets: Sequence[str]) -> bytes:
        where = str(request.url)
        # A duration, not the time of day: the time-out of httpx starts anew with every byte.
        deadline = time.monotonic() + TRANSFER_TIMEOUTS * self._timeout
        try:
            response = self._client.send(request, stream=True)
            try:
                if not response.is_success:
                    raise _refusal(response, where, secrets)
                return _read(response, where, limit=limit, deadline=deadline)
            finally:
                response.close()
        except httpx.TransportError as error:
            reason = _redact_text(str(error), secrets) or "no text"
            # The cause is dropped: a protocol error quotes what the server sent, maybe our key.
            raise _PassingFault(f"{where}: {type(error).__name__}: {reason}") from None
        except httpx.DecodingError:
            raise VendorError(f"{where}: the compressed answer is damaged") from None


@cache
def _authorities() -> ssl.SSLContext:
    """Return whom we trust: read once, for every vendor has a fetcher of its own."""
    return httpx.create_ssl_context()


class _SealedTransport(httpx.HTTPTransport):
    """Adds the query to the address below the line where httpx logs addresses."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        extensions = dict(request.extensions)
        query: SecretStr = extensions.pop("sealed_query")
        address = request.url.copy_with(query=query.get_secret_value().encode("ascii") or None)
        return super().handle_request(
            httpx.Request(
                request.method,
                address,
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
        )


class _PassingFault(VendorError):
    """Worth another try, after ``wait`` seconds where the vendor named them."""

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def _pause(error: Exception) -> bool | float:
    if not isinstance(error, _PassingFault):
        return False
    return True if error.wait is None else error.wait


def checked_address(url: str, *, secret: bool) -> httpx.URL:
    """Return the parsed address. Raises `ConfigurationError` if it must not be asked."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"a vendor's address cannot be read: {error}") from error
    shown = f"{address.scheme}://{address.host}{address.path}"
    if address.scheme not in {"http", "https"} or not address.host:
        raise ConfigurationError(f"{shown}: a vendor's address starts with https:// and a host")
    if address.userinfo:
        raise ConfigurationError(f"{shown}: take user and password out of the address")
    if secret and address.scheme == "http" and address.host not in _LOOPBACK:
        raise ConfigurationError(f"{shown}: a key is never sent unencrypted; use https://")
    return address


def _read(response: httpx.Response, where: str, *, limit: int, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > limit:
            raise VendorError(f"{where}: the answer is larger than {limit / MEGABYTE:g} MB")
        if time.monotonic() > deadline:
            raise _PassingFault(f"{where}: the answer does not end, {len(body)} bytes so far")
    return bytes(body)


def _refusal(response: httpx.Response, where: str, secrets: Sequence[str]) -> VendorError:
    status = response.status_code
    said = f"HTTP {status}{_quoted(response, secrets)}"
    if status == 402:
        return VendorError(f"{where}: the plan does not include this data ({said})")
    if status in {401, 403}:
        remedy = "; check DAYBOOK_VENDORS__FUNDAMENTALS_KEY" if secrets else ""
        return VendorError(f"{where}: the vendor refuses the key or the caller ({said}){remedy}")
    if status == TOO_MANY_REQUESTS or status >= 500:
        wait = _retry_after(response)
        if wait is not None and wait > LONGEST_WAIT:
            return VendorError(f"{where}: {said}; the vendor asks to wait {wait:.0f} s")
        return _PassingFault(f"{where}: {said}", wait=wait)
    if response.is_redirect:
        return VendorError(
            f"{where}: {said}: moved, and redirects are not followed; correct the address"
        )
    return VendorError(f"{where}: {said}")


def _quoted(response: httpx.Response, secrets: Sequence[str]) -> str:
    """Return the first words of a refusal, harmless, as `` "words"``, or nothing."""
    try:
        start = next(response.iter_bytes(), b"")[:2000]
    except httpx.RequestError:
        start = b""
    words = _redact_text(plain(start.decode("utf-8", "replace"), limit=2000), secrets)[:120]
    return f' "{words}"' if words else ""


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds the vendor asks to wait: RFC 9110, a number or a date."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        # Against the vendor's own clock: two dates of one answer, whatever ours says.
        until = parsedate_to_datetime(asked) - parsedate_to_datetime(response.headers["Date"])
        return max(0.0, until.total_seconds())
    except (KeyError, TypeError, ValueError):
        return WAIT_ON_429 if response.status_code == TOO_MANY_REQUESTS else None


def _spellings(secrets: Sequence[str]) -> list[str]:
    long_enough = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    return sorted({form for s in long_enough for form in (s, quote(s, safe=""), quote_plus(s))})


def _redact(content: bytes, secrets: Sequence[str]) -> bytes:
    for spelling in _spellings(secrets):
        content = content.replace(spelling.encode(), b"***")
    return content


def _redact_text(text: str, secrets: Sequence[str]) -> str:
    for spelling in _spellings(secrets):
        text = text.replace(spelling, "***")
    return text
