"""Feeds and bulk files as vendors send them: readable but for a few places."""

from __future__ import annotations

import re

from simulator.untidy.oddities import Untidiness

_FEED_DAMAGE = (b"&nbsp;", b" & ", b"\x0b", b" P/E <10 ", b"&mdash;")
_BEHIND = b"<script>track()</script>"


def odd_feed(content: bytes, untidy: Untidiness, *key: object) -> bytes:
    """Return a feed with damage in the titles of a few items, and sometimes behind its end."""
    if "feed-damage" not in untidy:
        return content

    def damaged(match: re.Match[bytes]) -> bytes:
        title: bytes = match[1]
        if not untidy.strikes("feed-damage", title, one_in=60):
            return match[0]
        what = _FEED_DAMAGE[int(untidy.draw("feed-damage", "kind", title) * len(_FEED_DAMAGE))]
        return b"<item><title>" + title + what + b"</title>"

    content = re.sub(rb"<item><title>([^<]*)</title>", damaged, content)
    return content + _BEHIND if untidy.strikes("feed-damage", "end", *key, one_in=3) else content


def odd_rows(content: bytes, untidy: Untidiness, *key: object) -> bytes:
    """Return a CSV in which a few rows cannot be read."""
    if "vendor-rows" not in untidy:
        return content
    header, *rows = content.split(b"\r\n" if b"\r\n" in content else b"\n")
    told = [_odd_row(row, untidy, *key) for row in rows]
    return b"\n".join([header, *told])


def _odd_row(row: bytes, untidy: Untidiness, *key: object) -> bytes:
    if not row or not untidy.strikes("vendor-rows", *key, row.split(b",")[0], one_in=150):
        return row
    first, *rest = row.split(b",")
    ways = (
        [first, *(b"NaN" for _ in rest)],
        [first, b"not meaningful", *rest[1:]],
        [first + b"\xe9", *rest],
        [first, *rest, b"", b"one too many"],
    )
    return b",".join(ways[int(untidy.draw("vendor-rows", "kind", *key, first) * len(ways))])
