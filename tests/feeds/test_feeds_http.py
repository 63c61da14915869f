import gzip
import socket
import threading
import time
import tracemalloc

import pytest
from pydantic import SecretStr

from core.errors import ConfigurationError, VendorError
from core.settings import VendorSettings
from feeds.http import Fetcher, Payload, staged_name

from .conftest import KEY, Answer, raw_server

pytestmark = pytest.mark.world


def test_the_key_and_the_query_reach_the_vendor(serve, fetcher):
    vendor = serve(lambda asked: Answer(b"fine"))
    body = fetcher.get(
        f"{vendor.url}/a?symbol=%5EVIX", query={"from": "2026-01-02", "apikey": SecretStr(KEY)}
    )
    assert body == b"fine"
    assert vendor.asked[0].path == "/a"
    assert vendor.asked[0].query == {"symbol": "^VIX", "from": "2026-01-02", "apikey": KEY}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_fault_is_tried_again(serve, fetcher, status):
    vendor = serve(lambda asked: Answer(b"", status) if len(vendor.asked) < 3 else Answer(b"ok"))
    assert fetcher.get(vendor.url) == b"ok"
    assert len(vendor.asked) == 3


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (301, "redirects are not followed"),
        (400, "HTTP 400"),
        (401, "refuses the key"),
        (402, "plan does not include"),
        (403, "refuses the key"),
        (404, "HTTP 404"),
    ],
)
def test_a_final_answer_is_asked_for_once(serve, fetcher, status, said):
    vendor = serve(lambda asked: Answer(b"some words", status, {"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(VendorError, match=said) as caught:
        fetcher.get(f"{vendor.url}/there", query={"apikey": SecretStr(KEY)})
    assert len(vendor.asked) == 1
    assert "some words" in str(caught.value)
    assert "/there" in str(caught.value)


def test_attempts_end(serve, fetcher):
    vendor = serve(lambda asked: Answer(b"down", 503))
    with pytest.raises(VendorError, match=r"HTTP 503 .*gave up after 3 attempt"):
        fetcher.get(vendor.url)
    assert len(vendor.asked) == 3


def test_retry_after_is_honoured(serve, monkeypatch):
    vendor = serve(
        lambda asked: (
            Answer(b"", 429, {"Retry-After": "7"}) if len(vendor.asked) == 1 else Answer(b"ok")
        )
    )
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    assert Fetcher(VendorSettings(attempts=2)).get(vendor.url) == b"ok"
    assert slept == [7.0]


@pytest.mark.parametrize("wait", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_vendor_that_asks_for_an_hour_is_given_up_at_once(serve, fetcher, wait):
    vendor = serve(lambda asked: Answer(b"", 503, {"Retry-After": wait}))
    with pytest.raises(VendorError, match=r"asks to wait \d+ s"):
        fetcher.get(vendor.url)
    assert len(vendor.asked) == 1


def test_an_answer_over_the_limit_is_refused(serve, fetcher):
    vendor = serve(lambda asked: Answer(b"x" * 2001))
    assert len(fetcher.get(vendor.url, limit=2001)) == 2001
    with pytest.raises(VendorError, match="larger than"):
        fetcher.get(vendor.url, limit=2000)


def test_the_limit_counts_unpacked_bytes(serve, fetcher):
    packed = gzip.compress(b"\0" * 5_000_000)
    vendor = serve(lambda asked: Answer(packed, 200, {"Content-Encoding": "gzip"}))
    assert len(packed) < 10_000
    with pytest.raises(VendorError, match="larger than"):
        fetcher.get(vendor.url, limit=1_000_000)


def test_damaged_compression_is_a_vendor_error(serve, fetcher):
    vendor = serve(lambda asked: Answer(b"not gzip", 200, {"Content-Encoding": "gzip"}))
    with pytest.raises(VendorError, match="damaged"):
        fetcher.get(vendor.url)


def _drip(first, each):
    """Answer with ``first`` at once and then a piece of it now and then, for ever."""

    def respond(connection, request):
        connection.sendall(first)
        while True:
            time.sleep(0.02)
            connection.sendall(each)

    return respond


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("first", "each"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", gzip.compress(b"")),
    ],
    ids=["body", "headers", "interim answers", "refusal", "chunks", "empty gzip members"],
)
def test_one_deadline_holds_for_whatever_part_of_an_answer_drips(first, each):
    refused = pytest.raises(VendorError, match=r"no complete answer within 0\.6|HTTP 404")
    with raw_server(_drip(first, each)) as url, refused:
        Fetcher(VendorSettings(timeout=0.1, attempts=1)).get(url)


@pytest.mark.timeout(30)
def test_the_tries_of_one_call_share_one_deadline():
    with (
        raw_server(_drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")) as url,
        pytest.raises(VendorError, match=r"gave up after \d attempt"),
    ):  # one digit: not all ten
        Fetcher(VendorSettings(timeout=0.05, attempts=10)).get(url)


@pytest.mark.timeout(30)
def test_a_handshake_that_drips_meets_the_same_deadline():
    # The head of a TLS record of 16 kB, then its body byte by byte.
    refused = pytest.raises(VendorError, match=r"no complete answer|Timeout")
    with raw_server(_drip(b"\x16\x03\x03\x40\x00", b"\x02")) as url, refused:
        Fetcher(VendorSettings(timeout=0.1, attempts=1)).get(url.replace("http:", "https:"))


@pytest.mark.timeout(15)
def test_a_name_that_is_looked_up_for_ever_meets_the_deadline(monkeypatch):
    found = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found.wait(20) and [])
    with pytest.raises(VendorError, match=r"the name vendor\.example was not found in 0\.1 s"):
        Fetcher(VendorSettings(timeout=0.1, attempts=1)).get("http://vendor.example/")
    assert not found.is_set()
    found.set()


@pytest.mark.parametrize("packing", ["gzip, gzip", "deflate", "br", "gzip, identity, gzip"])
def test_an_answer_packed_twice_or_as_nobody_asked_is_refused(serve, fetcher, packing):
    packed = gzip.compress(gzip.compress(b"fine"))
    vendor = serve(lambda asked: Answer(packed, 200, {"Content-Encoding": packing}))
    with pytest.raises(VendorError, match="packed as"):
        fetcher.get(vendor.url)
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("status", [200, 503])
def test_what_an_answer_unpacks_to_is_never_in_memory_beyond_the_limit(serve, status):
    packed = gzip.compress(b"\0" * 60_000_000, 1)
    vendor = serve(lambda asked: Answer(packed, status, {"Content-Encoding": "gzip"}))
    fetcher = Fetcher(VendorSettings(timeout=2.0, attempts=1))
    tracemalloc.start()
    try:
        with pytest.raises(VendorError, match=r"larger than 2 MB|HTTP 503"):
            fetcher.get(vendor.url, limit=2_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


def test_gzip_in_several_members_is_read_and_a_cut_one_is_refused(serve, fetcher):
    whole = gzip.compress(b"one ") + gzip.compress(b"two" * 50_000)
    bodies = {"/whole": whole, "/cut": whole[:-20]}
    vendor = serve(lambda asked: Answer(bodies[asked.path], 200, {"Content-Encoding": "gzip"}))
    assert fetcher.get(f"{vendor.url}/whole") == b"one " + b"two" * 50_000
    with pytest.raises(VendorError, match="its end is missing"):
        fetcher.get(f"{vendor.url}/cut")


def test_nobody_listening_is_a_vendor_error(fetcher):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(VendorError, match="ConnectError"):
        fetcher.get(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/x",
        "127.0.0.1:80",
        "http://",
        "https://user:word@example.com/",
        "http://[::1/",
    ],
)
def test_an_address_that_must_not_be_asked_is_a_configuration_error(fetcher, url):
    with pytest.raises(ConfigurationError):
        fetcher.get(url)


def test_a_key_never_travels_unencrypted(fetcher):
    with pytest.raises(ConfigurationError, match="unencrypted"):
        fetcher.get("http://example.com/", query={"apikey": SecretStr(KEY)})


@pytest.mark.parametrize(
    ("content", "name"),
    [(b'[{"a": 1}]', "x.json"), (b"a,b\n1,2\n", "x.csv"), (b"<rss/>", "x.xml"), (b"", "x.csv")],
)
def test_a_payload_is_named_after_what_it_holds(content, name):
    assert Payload(staged_name("x", content), content).name == name
