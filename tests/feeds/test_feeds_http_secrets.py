"""Keys and passwords are in no log, error or payload."""

import logging
import traceback

import pytest
from pydantic import SecretStr

from core.errors import ConfigurationError, VendorError
from core.settings import VendorSettings
from feeds.http import Fetcher

from .conftest import KEY, Answer, raw_server

pytestmark = pytest.mark.world


def _echo(connection, request):
    """A server so broken that it sends the request back, key and all."""
    connection.sendall(request)


def test_the_key_is_in_no_error_log_or_payload(serve, fetcher, caplog):
    caplog.set_level(logging.DEBUG)
    seen = []
    for status in (200, 301, 400, 401, 402, 403, 404, 429, 500):
        vendor = serve(
            lambda asked, status=status: Answer(
                f"Invalid key {asked.query['apikey']}!".encode(),
                status,
                {"Location": f"/?apikey={KEY}", "X-Echo": KEY},
            )
        )
        seen.append(_outcome(fetcher, vendor.url))
    with raw_server(_echo) as url:
        seen.append(_outcome(fetcher, url))
    logged = "".join(f"{r.getMessage()} {vars(r)}" for r in caplog.records)
    assert len(seen) == 10
    assert "GET http://127.0.0.1" in logged  # the log was on
    assert KEY not in "".join(seen)
    assert KEY not in logged


def test_the_query_of_an_address_is_in_no_log_or_error(serve, fetcher, caplog):
    caplog.set_level(logging.DEBUG)
    vendor = serve(lambda asked: Answer(b"gone", 410))
    with pytest.raises(VendorError) as caught:
        fetcher.get(f"{vendor.url}/feed?token={KEY}")
    assert vendor.asked[0].query == {"token": KEY}
    assert "/feed" in caplog.text
    assert KEY not in caplog.text + "".join(traceback.format_exception(caught.value))


def test_a_key_in_the_status_line_or_in_a_feeds_own_link_is_in_no_log_or_payload(caplog):
    caplog.set_level(logging.DEBUG)

    def echo(connection, request):
        asked = request.split(b" ")[1]
        body = b"<link>http://vendor.example" + asked + b"</link>"
        connection.sendall(b"HTTP/1.1 200 OK for " + asked + b"\r\n\r\n" + body)

    with raw_server(echo) as url:
        payload = Fetcher(VendorSettings(timeout=1.0)).get(f"{url}/feed?token={KEY}&kind=markets")
    logged = "".join(f"{r.getMessage()} {vars(r)}" for r in caplog.records)
    assert "GET http://127.0.0.1" in logged
    assert KEY not in logged
    assert payload == b"<link>http://vendor.example/feed?[secret]&kind=markets</link>"


def test_a_password_in_an_address_that_cannot_be_read_is_not_repeated(fetcher):
    with pytest.raises(ConfigurationError) as caught:
        fetcher.get(f"https://somebody:{KEY}/word@vendor.example/feed")
    assert KEY not in "".join(traceback.format_exception(caught.value))


def _outcome(fetcher, url):
    try:
        return fetcher.get(url, query={"apikey": SecretStr(KEY)}).decode()
    except VendorError as error:
        return "".join(traceback.format_exception(error)) + repr(error.__cause__)
