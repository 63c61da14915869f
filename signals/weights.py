"""Which features count, in which direction and how much: one reviewed table."""

from __future__ import annotations

from dataclasses import dataclass

BLOCKS = ("technical", "fundamental", "sentiment")


@dataclass(frozen=True, slots=True)
class FeatureWeight:
    """How one feature enters its block's score.

    ``sign`` is +1 where a high value speaks for the symbol and -1 where it speaks against it.
    The weights of a block add up to 1. ``is_z`` marks features that are z-scores by definition
    and are clipped as they are; all others are scored against the cross-section.
    """

    feature: str
    block: str
    sign: int
    weight: float
    reason: str
    is_z: bool = False


FEATURE_WEIGHTS = (
    FeatureWeight("momentum_12_1", "technical", +1, 0.25, "Jegadeesh and Titman 1993"),
    FeatureWeight("sma_gap_20_50", "technical", +1, 0.10, "crossover; Brock et al. 1992"),
    FeatureWeight("macd_histogram", "technical", +1, 0.05, "a trend that gains speed"),
    FeatureWeight("donchian_position_20", "technical", +1, 0.05, "breakout of the channel"),
    FeatureWeight("atr_breakout", "technical", +1, 0.05, "a move beyond the usual range"),
    FeatureWeight("directional_gap_14", "technical", +1, 0.05, "direction of the trend"),
    FeatureWeight("obv_slope_20", "technical", +1, 0.05, "volume confirms the direction"),
    FeatureWeight("reversal_5", "technical", -1, 0.20, "a week reverses; Lehmann 1990"),
    FeatureWeight("rsi_14", "technical", -1, 0.05, "overbought falls, oversold rises"),
    FeatureWeight("bollinger_position_20", "technical", -1, 0.05, "back to the mean"),
    FeatureWeight("volatility_20", "technical", -1, 0.10, "quiet earns more; Ang et al. 2006"),
    FeatureWeight("earnings_yield", "fundamental", +1, 0.15, "value; Basu 1977"),
    FeatureWeight("earnings_yield_vs_sector", "fundamental", +1, 0.20, "cheap for its sector"),
    FeatureWeight("book_yield", "fundamental", +1, 0.10, "value; Fama and French 1992"),
    FeatureWeight("sales_yield", "fundamental", +1, 0.10, "value that ignores accruals"),
    FeatureWeight("ebitda_yield", "fundamental", +1, 0.10, "value before financing"),
    FeatureWeight("dividend_yield", "fundamental", +1, 0.05, "cash that is paid out"),
    FeatureWeight("revenue_growth", "fundamental", +1, 0.10, "growth year on year"),
    FeatureWeight("return_on_equity", "fundamental", +1, 0.10, "profitability; Novy-Marx 2013"),
    FeatureWeight("debt_to_equity", "fundamental", -1, 0.05, "leverage is fragile"),
    FeatureWeight("piotroski", "fundamental", +1, 0.05, "accounting health; Piotroski 2000"),
    FeatureWeight("sentiment_z", "sentiment", +1, 0.80, "tone; Tetlock et al. 2008", is_z=True),
    FeatureWeight("attention_z", "sentiment", -1, 0.20, "crowding; Barber, Odean 2008", is_z=True),
)

# Features that people and other stages read, and that say nothing about direction by themselves.
UNSCORED = {
    "atr_14": "the same thing as volatility_20, in other words",
    "adx_14": "strength of a trend without its direction",
    "polarity_24h": "already inside sentiment_z, which also knows how many headlines there were",
}
