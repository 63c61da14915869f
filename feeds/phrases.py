"""What phrases mean in a financial headline: "cuts costs" is not "cuts guidance".

A phrase is written in words; ``<name>`` stands for any word of that vocabulary, ``...`` for up to
three words, and the rest is a regular expression. Weights are on VADER's scale of -4 to +4. The
first phrase that fits takes its words out of the sentence.
"""

from __future__ import annotations

import re

_VOCABULARY = {
    "is": "is are was were",
    "raises": "raise raises raised raising hike hikes hiked lift lifts lifted boost boosts boosted "
    "ups upped increase increases increased",
    "cuts": "cut cuts cutting slash slashes slashed lower lowers lowered trim trims trimmed reduce "
    "reduces reduced suspend suspends suspended withdraw withdraws withdrew pull pulls pulled "
    "scrap scraps scrapped halve halves halved abandon abandons abandoned shelve shelves shelved",
    "raised": "raised hiked lifted boosted upped increased",
    "lowered": "cut slashed lowered trimmed reduced suspended withdrawn",
    "rises": "rise rises rose rising jump jumps jumped climb climbs climbed increase increases "
    "increased widen widens widened grow grows grew growing surge surges surged soar soars soared "
    "mount mounts mounted deepen deepens deepened double doubles doubled triple triples tripled up "
    "higher",
    "falls": "fall falls fell falling drop drops dropped decline declines declined narrow narrows "
    "narrowed shrink shrinks shrank ease eases eased decrease decreases decreased down lower",
    "beats": "beat beats beating top tops topped exceed exceeds exceeded surpass surpasses "
    "surpassed crush crushes crushed above",
    "misses": "miss misses missed missing trail trails trailed lag lags lagged below",
    "meets": "meet meets met hit hits achieve achieves achieved",
    "promise": "guidance outlook forecast forecasts view dividend dividends payout buyback target "
    "targets rating estimate estimates",
    "expected": "estimate estimates expectations forecast forecasts consensus view views target "
    "targets street earnings profit revenue",
    "burden": "loss losses cost costs expenses debt debts defaults delinquencies churn claims "
    "complaints",
    "jobs": "jobs staff workforce positions workers roles employees",
    "worry": "concern concerns doubt doubts question questions fear fears alarm worries",
    "deal": "merger deal takeover acquisition buyout talks tie-up",
    "regulator": "fda ema regulator regulators panel",
    "rejects": "reject rejects rejected refuse refuses refused",
    "approves": "approve approves approved clear clears cleared back backs recommend recommends "
    "grant grants",
    "study": "drug trial study therapy vaccine",
    "stock": "trading share shares stock",
    "suit": "lawsuit suit case claim claims charges probe investigation",
    "wins": "win wins won awarded land lands landed secure secures secured clinch clinches",
    "loses": "lose loses lost losing",
    "boss": "ceo cfo chairman chief executive president",
    "leaves": "resign resigns resigned quit quits depart departs exit exits ousted fired steps",
    "strong": "strong robust record solid rising growing surging",
    "weak": "weak weaker soft softer slow slowing sluggish falling lower",
}

_PHRASES = (
    # Life and death of the company.
    ("fil(?:e|es|ed|ing) for (?:\\w+ )?(?:chapter (?:7|11|15)|bankruptcy)(?: protection)?", -3.6),
    ("(?:seeks?|enters?|nears?|heads? for) bankruptcy(?: protection)?", -3.2),
    ("(?:emerges?|emerged|exits?|exited) (?:from )?(?:chapter 11|bankruptcy)", 2.0),
    ("chapter (?:7|11)", -3.0),
    ("creditor protection", -3.2),
    ("going[- ]concern(?: doubts?| warning)?", -3.0),
    ("<stock> (?:<is> )?(?:halted|suspended)", -2.8),
    ("halts? (?:\\w+ )?trading", -2.8),
    ("<stock> resumes?", 0.5),
    ("delisting (?:notice|warning)", -2.8),
    ("(?:short[- ]seller|short)(?: report)", -2.2),
    ("accounting (?:irregularities|problems|errors?|probe)", -3.0),
    ("material weakness", -2.4),
    ("(?:data|security) (?:breach|incident)|cyber ?attack", -2.4),
    # Courts and regulators.
    ("class[- ]action(?: lawsuit| suit)?", -2.0),
    ("(?:dismiss(?:es|ed)?|throws? out|tosses) ... <suit>", 2.0),
    ("<suit> (?:<is> )?(?:dismissed|dropped|closed)", 2.0),
    ("under (?:investigation|scrutiny|fire|pressure)", -2.0),
    ("<regulator> (?:\\w+ )?(?:<rejects>|declines to approve|votes against)", -3.0),
    ("(?:complete response letter|clinical hold|refusal[- ]to[- ]file)", -2.8),
    ("<regulator> (?:\\w+ )?<approves>", 2.8),
    ("(?:<wins>|gets?|receives?|received) ... (?:approval|clearance|green light)", 2.8),
    ("(?:fast[- ]track|breakthrough(?: therapy)?|orphan drug) (?:designation|status)", 2.0),
    ("<meets> ... (?:main|primary|key) (?:goals?|endpoints?)", 2.6),
    ("(?:<misses>|fails? to meet|failed) ... (?:main|primary|key) (?:goals?|endpoints?)", -3.0),
    ("<study> (?:fails?|failed|disappoints?)", -2.8),
    ("(?:faces?|facing|hit (?:by|with)) ... <suit>", -2.0),
    ("settles? ... (?:<suit>|dispute|strike)", 1.0),
    # Results against what was expected.
    ("(?:better|smaller|narrower|milder) ... than (?:feared|expected)", 2.0),
    ("(?:worse|weaker|wider|larger|slower) ... than (?:feared|expected)", -2.2),
    ("(?:best|strongest) (?:\\w+ ){0,2}?(?:day|week|month|quarter|year|results)", 1.8),
    ("(?:worst|weakest) (?:\\w+ ){0,2}?(?:day|week|month|quarter|year|results)", -2.0),
    ("profit warning", -2.8),
    ("(?:<beats>|ahead of|better than) ... <expected>", 2.6),
    ("(?:<misses>|short of|shy of|worse than|disappoints? on) ... <expected>", -2.6),
    ("(?:falls?|fell|came?|comes?) short", -2.2),
    ("beat[- ]and[- ]raise", 2.8),
    ("<raises> ... <promise>", 2.6),
    ("<cuts> ... <promise>", -2.6),
    ("<promise> (?:<is> )?<raised>", 2.4),
    ("<promise> (?:<is> )?<lowered>", -2.4),
    ("(?:no|not|without) (?:\\w+ )?(?:guidance|outlook)", -1.2),
    # Burdens: less is better.
    ("<burden> (?:[\\w-]+ )?<falls>", 1.8),
    ("<burden> (?:[\\w-]+ )?<rises>", -2.0),
    ("(?:narrows?|narrower|narrowed|smaller) ... loss(?:es)?", 1.6),
    ("(?:wider|larger|bigger|widening|steeper) ... loss(?:es)?", -2.2),
    ("(?:swings?|returns?|swung|returned) to (?:\\w+ ){0,2}(?:profit|profitability|growth)", 2.4),
    ("(?:swings?|swung|slips?|falls?) to (?:\\w+ ){0,2}loss", -2.4),
    ("(?:<cuts>|pays? down|repays?|retires?) ... (?:costs?|expenses|debt)", 1.2),
    ("(?:<cuts>|eliminates?|eliminating|sheds?|axes?) ... <jobs>", -1.8),
    ("lay(?:s|ing)? off|laid off|job cuts", -1.8),
    ("(?:close|closes|closing|shut|shuts) ... (?:stores|plants?|factory|factories|branches)", -1.4),
    # Raising is good for a forecast, bad for a question, and nothing for money.
    ("(?:<raises>|sparks?|stokes?|fuels?) (?:[\\w-]+ ){0,2}?<worry>", -2.0),
    ("rais(?:es|ed|ing) (?:about |up to |over )?[$€£] ?[0-9.,]+ ?\\w*", 0.3),
    # Prices and ratings.
    ("(?:record|all[- ]time|52[- ]week|multi-?year|\\w+-year) (?:\\w+ )?highs?", 2.2),
    ("(?:record|all[- ]time|52[- ]week|multi-?year|\\w+-year) (?:\\w+ )?lows?", -2.4),
    ("record (?:\\w+ )?(?:loss(?:es)?|fine|penalty|drop|decline|outflows?)", -2.8),
    ("(?:initiat|start|resum)e[sd] ... (?:at|with)(?: an?)? (?:buy|outperform|overweight)", 1.8),
    (
        "(?:initiat|start|resum)e[sd] ... (?:at|with)(?: an?)? (?:sell|under(?:perform|weight))",
        -2.0,
    ),
    ("to (?:strong )?buy|buy rating", 1.4),
    ("to (?:reduce|sell)$|sell rating", -1.6),
    ("stock split", 0.8),
    ("special dividend", 1.6),
    # Deals, orders, people, capital.
    ("(?:takeover|buyout) (?:bid|offer|approach)|to be (?:acquired|bought)", 2.0),
    ("<deal> ... (?:collapses?|collapsed|called off|scrapped|terminated|blocked)", -2.4),
    ("<deal> (?:falls? (?:apart|through)|off)", -2.4),
    ("(?:walks?|walked|backs?|backed|pulls?|pulled) (?:away|out)(?: from| of)?", -1.8),
    ("(?:blocks?|blocked|challenges?) ... <deal>", -2.2),
    ("<wins> ... (?:contract|order|deal)", 2.0),
    ("<loses> ... (?:contract|customer|client|order|deal|appeal|case|bid)", -2.2),
    ("(?:public|share|stock|secondary|equity|note) offering|convertible notes", -1.2),
    ("insider (?:selling|sales)", -1.0),
    ("insider (?:buying|purchases)", 1.0),
    ("<boss> (?:\\w+ )?<leaves>(?: down)?", -1.8),
    ("<strong> (?:\\w+ )?demand", 1.8),
    ("<weak> (?:\\w+ )?demand", -2.0),
    ("price war", -1.4),
    ("(?:weighs?|weighed|weighing) on", -1.4),
    # Terms of the trade that only look like praise or blame.
    ("in talks|net (?:income|interest|profit|sales)|gross (?:margin|profit)s?", 0.0),
    ("short interest|interest rates?|free cash flow|vice president|annual meeting", 0.0),
)


def _compiled(phrase: str) -> re.Pattern[str]:
    pattern = phrase.replace("... ", r"(?:[\w.,%$'&-]+ ){0,3}?")
    for name, words in _VOCABULARY.items():
        pattern = pattern.replace(f"<{name}>", f"(?:{'|'.join(words.split())})")
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE)


_COMPILED = tuple(
    (_compiled(phrase), f"phrase{index}x", weight)
    for index, (phrase, weight) in enumerate(_PHRASES)
)
TOKENS = {token: weight for _, token, weight in _COMPILED}


def mark_phrases(title: str) -> str:
    """Replace each known phrase by the one token that carries its weight."""
    title = title.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for pattern, token, _ in _COMPILED:
        title = pattern.sub(token, title)
    return title
