"""Companies in headlines, named by the broker in capitals and by newspapers as they please."""

import pytest

from feeds.company_names import names_of
from feeds.entity_linking import Mentions
from feeds.rss import Article

# As IBKR's longName has them; SEC's registered names end in a state.
BROKER = {
    "AAPL": "APPLE INC",
    "MSFT": "MICROSOFT CORP /DE/",
    "PG": "PROCTER & GAMBLE CO/THE",
    "T": "AT&T INC",
    "GOOGL": "ALPHABET INC-CL A",
    "GOOG": "ALPHABET INC-CL C",
    "BRK B": "BERKSHIRE HATHAWAY INC-CL B",
    "IBM": "INTL BUSINESS MACHINES CORP",
    "AMD": "ADVANCED MICRO DEVICES",
    "CVS": "CVS HEALTH CORP",
    "AZN": "ASTRAZENECA PLC-SPONS ADR",
    "LOW": "LOWE'S COS INC",
    "EL": "ESTEE LAUDER COMPANIES-CL A",
    "META": "META PLATFORMS INC-CLASS A",
    "AMZN": "AMAZON COM INC",  # so in SEC's list: Equibles #2059
    "EBAY": "EBAY INC",
    "TGT": "TARGET CORP",
    "GAP": "GAP INC/THE",
    "BBY": "BEST BUY CO INC",
    "HPQ": "HP INC",
    "AMAT": "APPLIED MATERIALS INC",
    "UAL": "UNITED AIRLINES HOLDINGS INC",
    "UPS": "UNITED PARCEL SERVICE-CL B",
    "KKNTT": "KIKUNDRA TECHNOLOGIES",
    "JRMBE": "JORIMERE BROADCAST",
    "NDAQ": "NASDAQ INC",
    "VOD": "VODAFONE GROUP PLC-SP ADR",
}


def found(title, summary=""):
    return Mentions(BROKER).of(Article(title, summary, "", None, ()))


@pytest.mark.parametrize(
    ("title", "symbols"),
    [
        ("Apple beats estimates", ("AAPL",)),
        ("APPLE BEATS ESTIMATES", ("AAPL",)),
        ("Apple\u2019s profit warning", ("AAPL",)),
        ("Probe of Apple Inc. widens", ("AAPL",)),
        ("Microsoft cuts jobs", ("MSFT",)),
        ("Procter and Gamble recalls soap", ("PG",)),
        ("Procter & Gamble's chief resigns", ("PG",)),
        ("AT&T cuts dividend", ("T",)),
        ("Alphabet fined by EU", ("GOOG", "GOOGL")),
        ("Buffett's Berkshire Hathaway sells Apple", ("AAPL", "BRK B")),
        ("International Business Machines misses", ("IBM",)),
        ("IBM's cloud chief quits", ("IBM",)),
        ("UPS and AMD cut jobs", ("AMD", "UPS")),
        ("Regulator fines CVS", ("CVS",)),
        ("AstraZeneca halts trial after deaths", ("AZN",)),
        ("Lowe's sued over fumes", ("LOW",)),
        ("Rob Lowe returns to television", ()),
        ("Est\u00e9e Lauder cuts outlook", ("EL",)),
        ("eBay's auditor resigns", ("EBAY",)),
        ("Amazon workers strike", ("AMZN",)),
        ("Kikundra Technologies files for bankruptcy", ("KKNTT",)),
        ("Kikundra files for bankruptcy", ("KKNTT",)),
        ("Jorimere Broadcasting under SEC investigation", ("JRMBE",)),
        ("kikundra technologies files for bankruptcy", ("KKNTT",)),  # a feed without capitals
        ("Target Corporation cuts guidance", ("TGT",)),
        ("Gap Inc. closes stores", ("GAP",)),
        ("Target cuts guidance", ("TGT",)),
        ("Target Recalls Toys", ("TGT",)),
        ("Regulator looks into Target's prices", ("TGT",)),
        ("Meta earnings disappoint", ("META",)),
        ("Analysts say Gap warns too late", ("GAP",)),
        ("HP Inc's outlook disappoints", ("HPQ",)),
        ("Best Buy slumps", ("BBY",)),
    ],
)
def test_a_name_in_capitals_is_found_however_a_newspaper_writes_it(title, symbols):
    assert found(title) == symbols


@pytest.mark.parametrize(
    "title",
    [
        "Grandma's apple pie wins a prize",  # "net income" for Cloudflare: StockTicker #440
        "Fed is the target of critics",
        "Gap in coverage widens",
        "GAP IN COVERAGE WIDENS",
        "Price Target raised",
        "Price Target Cuts Outnumber Raises",
        "Fed's target cuts both ways",
        "Target practice",
        "The Gap Between Rich and Poor",
        "What to Meta-analyse",
        "The best buy of the season",
        "United in grief",
        "Applied research pays",
        "Pineapple Inc. expands",  # within a word: OpenAlice #1387
        "Applebees opens",
        "Fed cuts rates",
        "Nasdaq falls 2% as yields rise",
        "The ups and downs of Ups",
        "UPS AND DOWNS OF A YEAR",
        "HPQ, EL and PG",  # tickers that are nobody's name
    ],
)
def test_ordinary_words_are_no_company(title):
    assert found(title) == ()


@pytest.mark.parametrize(
    ("title", "symbols"),
    [
        ("Chip maker (NASDAQ:AAPL) falls", ("AAPL",)),
        ("Chip maker (Nasdaq: AAPL) falls", ("AAPL",)),
        ("Chip maker (Nasdaq Global Select Market: AAPL) falls", ("AAPL",)),
        ("Chip maker (NYSE American: GAP) falls", ("GAP",)),
        ("Chip maker (New York Stock Exchange: BRK.B) falls", ("BRK B",)),
        ("Chip maker (OTCQX: GAP) falls", ("GAP",)),
        ("Chip maker $AAPL falls", ("AAPL",)),
        ("Chip maker NASDAQ:AAPL falls", ("AAPL",)),
        ("Chip maker (ticker: AAPL) falls", ("AAPL",)),
        ("Chip maker (AAPL) falls", ("AAPL",)),
        ("Chip maker <AAPL.O> falls", ("AAPL",)),
        ("Chip maker (AAPL US) falls", ("AAPL",)),
        ("Chip maker (NYSE: [PG](#financial-modal)) falls", ("PG",)),  # quant-mind #107
        ("Makers (NYSE: PG, EL; B3: EVEB31) fall", ("EL", "PG")),  # quant-mind #108
        ("Maker (NYSE: PG and HKEX: 1698) falls", ("PG",)),
        ("A maker (NASDAQ: XYZ, a provider of AAPL) falls", ()),  # quant-mind PR #149
        ("Vodafone Group plc (LSE: VOD) warns", ("VOD",)),  # ours, by its listing at home
        ("Vodafone (Nasdaq Stockholm: VODA) warns", ("VOD",)),
        ("Apple Hospitality (TSX: APLE) warns", ()),
        ("Apple Hospitality (NYSE: APLE) warns", ()),
        ("Apple phones recalled (Photo: AP)", ("AAPL",)),
        ("Smart glasses (AI) are here", ()),
        ("Chip maker (LSE: AAPL) falls", ()),
    ],
)
def test_a_ticker_is_read_in_the_forms_newspapers_state_it(title, symbols):
    assert found(title) == symbols


def test_who_an_article_is_about_is_known_of_strangers_too():
    mentions = Mentions(BROKER)
    for title, known in (
        ("Zimbra Mining (NYSE: ZMB) finds gold", True),
        ("Zimbra (TSX: ZMB) finds gold", True),
        ("Apple pays a fine", True),
        ("Zimbra Mining finds gold", False),
    ):
        assert bool(mentions.found(Article(title, "", "", None, ()))) is known


def test_what_two_companies_are_called_in_short_names_neither():
    names = names_of({"A1": "ZORBAN ENERGY INC", "A2": "ZORBAN FOODS CORP", "B": "QUILLER GAS CO"})
    assert ("zorban",) not in names
    assert names["zorban", "foods"] == ("A2",)
    assert names["quiller",] == ("B",)
