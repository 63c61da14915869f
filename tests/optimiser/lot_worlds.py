"""Accounts whose targets are to be rounded, and what whole shares make of them."""

import math

from hypothesis import strategies as st

from core.money import Price, Rates
from optimiser.lots.lot_sizes import Listing, round_lot
from optimiser.lots.share_portfolio import BookLimits
from optimiser.lots.whole_lots import Sizing, target_quantities

NAV = 1_000_000.0
NEAR = 1e-9


def rounded(weights, prices, current, limits, *, even=True, band=0.002, least=0.0, frozen=()):
    return target_quantities(
        weights,
        listings={i: Listing(Price(price, "USD")) for i, price in prices.items()},
        current=current,
        sizing=Sizing(
            net_asset_value=NAV,
            rates=Rates("USD"),
            even_lots=even,
            no_trade_band=band,
            min_trade_value=least,
        ),
        limits=limits,
        frozen=frozen,
    )


def measured(weights, held, limits):
    """Every sum that has a limit, written down a second time."""
    longs = sum(w for w in weights.values() if w > 0)
    shorts = -sum(w for w in weights.values() if w < 0)
    sums = {
        "gross": longs + shorts,
        "cash": longs - shorts if limits.cash_mode == "net" else longs,
        "single": max(map(abs, weights.values())),
    }
    if limits.max_net is not None:
        sums |= {"net long": longs - shorts, "net short": shorts - longs}
    if limits.max_turnover is not None:
        sums["turnover"] = sum(abs(w - held.get(i, 0.0)) for i, w in weights.items())
    for group in limits.max_group:
        sums[f"group {group}"] = sum(
            abs(w) for i, w in weights.items() if limits.groups.get(i) == group
        )
    if limits.beta_range is not None:
        beta = sum(limits.betas[i] * w for i, w in weights.items())
        sums |= {"least beta": -beta, "most beta": beta}
    return sums


def allowed(limits):
    caps = {"gross": limits.max_gross, "cash": 1 - limits.cash_buffer, "single": limits.max_single}
    if limits.max_net is not None:
        caps |= {"net long": limits.max_net, "net short": limits.max_net}
    if limits.max_turnover is not None:
        caps["turnover"] = limits.max_turnover
    caps |= {f"group {group}": cap for group, cap in limits.max_group.items()}
    if limits.beta_range is not None:
        caps |= {"least beta": -limits.beta_range[0], "most beta": limits.beta_range[1]}
    return caps


def weights_of(quantities, prices):
    return {i: n * prices[i] / NAV for i, n in quantities.items()}


def broken_by(quantities, target, prices, current, limits):
    """Which limits these positions break although the target kept them; or break further."""
    held, now = weights_of(current, prices), weights_of(quantities, prices)
    after, wanted = measured(now, held, limits), measured(target, held, limits)
    caps = allowed(limits)
    most = caps.pop("single")  # which holds for each name by itself
    return {n for n in caps if after[n] > max(caps[n], wanted[n]) + NEAR} | {
        f"single {i}" for i, w in now.items() if abs(w) > max(most, abs(target[i])) + NEAR
    }


@st.composite
def worlds(draw, most=6):
    """Targets that reach some limits and break others, with holdings that may be anywhere."""
    n = draw(st.integers(1, most))
    weight = st.floats(-0.12, 0.12).map(lambda w: round(w, 6)) | st.just(0.0)
    target = {i: draw(weight) for i in range(n)}
    prices = {i: round(draw(st.floats(0.5, 5_000.0)), 2) for i in target}
    current = {
        i: int(draw(st.floats(-0.15, 0.15) | st.just(w) | st.just(1.02 * w)) * NAV / prices[i])
        for i, w in target.items()
        if draw(st.booleans())
    }
    held = weights_of(current, prices)
    groups = {i: draw(st.sampled_from("ab")) for i in target if draw(st.integers(0, 3))}
    betas = {i: round(draw(st.floats(-0.5, 2.5)), 2) for i in target}
    some = BookLimits(
        max_single=0.12, max_gross=1.2, cash_buffer=0.05, groups=groups, betas=betas,
        max_group={"a": 1.0, "b": 1.0}, max_net=4.0, max_turnover=4.0, beta_range=(-1.0, 1.0),
        cash_mode=draw(st.sampled_from(["net", "ex_short_proceeds"])),
    )  # fmt: skip
    at = measured(target, held, some)
    # 1: the target stands exactly at the limit; less: it breaks it.
    tight = st.sampled_from([0.9, 1.0, 1.0, 1.01, 1.2])
    beta, slack = at["most beta"], draw(st.sampled_from([0.0, 0.001, 0.05]))
    limits = BookLimits(
        max_single=max(0.01, at["single"] * draw(tight)),
        max_gross=max(0.01, at["gross"] * draw(tight)),
        cash_buffer=1.0 - max(0.001, at["cash"] * draw(tight)),
        cash_mode=some.cash_mode,
        max_net=draw(st.none() | st.just(abs(at["net long"]) * draw(tight))),
        max_turnover=draw(st.none() | st.just(at["turnover"] * draw(tight))),
        groups=groups,
        max_group={g: at[f"group {g}"] * draw(tight) for g in "ab" if draw(st.booleans())},
        betas=betas,
        beta_range=draw(st.none() | st.just((beta - slack, beta + slack))),
    )
    return target, prices, current, limits


def reachable(target, price, held, *, even):
    """All positions that rounding one name may end at."""
    ideal = target * NAV / price
    if target == 0.0:
        return {0}
    lot = round_lot(price) if even else 1
    sign = 1 if ideal > 0 else -1
    start = max(held * sign, 0)
    steps = math.floor((ideal * sign - start) / lot + NEAR)
    lots = {sign * max(start + steps * lot, 0), sign * (start + (steps + 1) * lot)}
    return lots | {held, math.floor(ideal), math.ceil(ideal)}
