#!/usr/bin/env bash
# VADER: a share, interest and credit are praise, gross is an insult, and bankruptcy is nothing.
#
# Versions   vaderSentiment 3.3.2, Python 3.11
# Guess      Without a financial lexicon, headlines score weakly, but with the right sign.
# Behaviour  The market's own nouns are in the lexicon with the sentiment of everyday speech: share(s) +1.2,
#            interest +2.0, trust +2.3, credit +1.6, security +1.4, gross -2.1, debt -1.5, while bankruptcy,
#            downgrade, upgrade, beats, surge, plunge, tumble and rally are not. So falling shares are good news.
# What follows  The mean over many headlines leans upwards with the mere count of "shares"; a rule that waits
#            for a strongly negative score never sees a bankruptcy. The words have to be taken out, or
#            overwritten, before the first headline is scored.
# Output seen
#            +0.296 Shares fall 10%
#            +0.296 Trading halted in Kestrel shares
#            +0.511 Kestrel trust units delisted
#            +0.128 Credit rating cut to junk
#            +0.459 Fed raises interest rates
#            -0.477 Gross margin widens to 45%
#            +0.000 Kestrel files for bankruptcy
#            +0.000 Kestrel beats estimates
# Fails (exit 1) when any of this changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check vaderSentiment==3.3.2
"$work/venv/bin/python" -W ignore - <<'PY'
import sys

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

SEEN = {
    "Shares fall 10%": 0.296,
    "Trading halted in Kestrel shares": 0.296,
    "Kestrel trust units delisted": 0.511,
    "Credit rating cut to junk": 0.128,
    "Fed raises interest rates": 0.459,
    "Gross margin widens to 45%": -0.477,
    "Kestrel files for bankruptcy": 0.0,
    "Kestrel beats estimates": 0.0,
}
analyzer = SentimentIntensityAnalyzer()
scores = {headline: analyzer.polarity_scores(headline)["compound"] for headline in SEEN}
for headline, score in scores.items():
    print(f"{score:+.3f} {headline}")
as_seen = all(abs(scores[headline] - score) < 0.001 for headline, score in SEEN.items())
print("as seen" if as_seen else "CHANGED")
sys.exit(not as_seen)
PY
