#!/usr/bin/env bash
# feedparser: dates that a feed does write are read hours, or 245 years, away from what they say.
#
# Versions   feedparser 6.0.14, Python 3.11
# Guess      published_parsed is the moment in UTC, or None where the date cannot be read.
# Behaviour  What the reader of a date does not know in it is left out without a word. PM: morning. A zone other
#            than the American and military ones and GMT (CET, CEST, BST, EEST, JST, HKT): taken as UTC. ET:
#            always winter time. A word after an ISO time (" UTC"), or the basic form without dashes: the
#            time is dropped, midnight remains. Seconds since 1970: the year 1781. "GMT+1" alone gives None.
# What follows  An afternoon's headline counts as the morning's, from before the open or the day before; one in
#            BST or JST looks up to nine hours younger than it is, or in the future. A window of "the last
#            12 hours" takes and loses the wrong ones. Parse entry.published oneself.
# Output seen
#            Mon, 15 Jun 2026 08:28 PM        2026-06-15 08:28
#            Mon, 15 Jun 2026 09:00:00 BST    2026-06-15 09:00
#            Mon, 15 Jun 2026 09:00:00 CEST   2026-06-15 09:00
#            Mon, 15 Jun 2026 09:00:00 JST    2026-06-15 09:00
#            Mon, 15 Jun 2026 09:00:00 ET     2026-06-15 14:00
#            Mon, 15 Jun 2026 09:00:00 EDT    2026-06-15 13:00
#            Mon, 15 Jun 2026 09:00:00 GMT+1  None
#            2026-06-15 09:00:00 UTC          2026-06-15 00:00
#            20260615T090000Z                 2026-06-15 00:00
#            1781514000                       1781-12-01 00:00
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check feedparser==6.0.14
cat > "$work/expected" <<'SEEN'
Mon, 15 Jun 2026 08:28 PM        2026-06-15 08:28
Mon, 15 Jun 2026 09:00:00 BST    2026-06-15 09:00
Mon, 15 Jun 2026 09:00:00 CEST   2026-06-15 09:00
Mon, 15 Jun 2026 09:00:00 JST    2026-06-15 09:00
Mon, 15 Jun 2026 09:00:00 ET     2026-06-15 14:00
Mon, 15 Jun 2026 09:00:00 EDT    2026-06-15 13:00
Mon, 15 Jun 2026 09:00:00 GMT+1  None
2026-06-15 09:00:00 UTC          2026-06-15 00:00
20260615T090000Z                 2026-06-15 00:00
1781514000                       1781-12-01 00:00
SEEN
cut -c 1-31 "$work/expected" > "$work/written"
"$work/venv/bin/python" -W ignore - "$work/written" <<'PY' | tee "$work/seen"
import pathlib
import sys

import feedparser

FEED = (
    '<rss version="2.0"><channel><title>News</title>'
    "<item><title>Kestrel</title><pubDate>{}</pubDate></item></channel></rss>"
)
for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    (entry,) = feedparser.parse(FEED.format(line.strip())).entries
    moment = entry.published_parsed
    read = "{:04}-{:02}-{:02} {:02}:{:02}".format(*moment[:5]) if moment else None
    print(f"{line.strip():<32} {read}")
PY
diff "$work/seen" "$work/expected"
