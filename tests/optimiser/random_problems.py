"""Random and degenerate problems: everything that `mean_variance_cvar` can be asked, by seed."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from optimiser.model.covariance import FactorCovariance

SECTORS = ["energy", "banks", "health", "utilities"]


@dataclass
class Question:
    """The arguments of one call, and a word on what is odd about it."""

    alpha: pd.Series
    returns: pd.DataFrame
    held: pd.Series
    terms: dict = field(default_factory=dict)
    oddities: list = field(default_factory=list)


def a_question(seed, *, most_names=300, most_days=500):
    random = np.random.default_rng([seed, 20260615])
    n = int(np.exp(random.uniform(np.log(3), np.log(most_names + 1))))
    days = int(np.exp(random.uniform(np.log(30), np.log(most_days + 1))))
    question = _a_market(random, n, days)
    _choose_terms(random, question)
    _choose_limits(random, question)
    for oddity, chance in ODDITIES.items():
        if random.random() < chance:
            oddity(random, question)
            question.oddities.append(oddity.__name__.strip("_"))
    return question


def _a_market(random, n, days):
    names = [f"S{i:03d}" for i in range(n)]
    market = random.standard_t(4, days) * 0.007
    factors = random.standard_t(5, (days, 3)) * 0.004
    own = random.standard_t(4, (days, n)) * np.exp(random.normal(np.log(0.012), 0.4, n))
    returns = np.outer(market, random.normal(1.0, 0.3, n)) + factors @ random.normal(size=(3, n))
    returns = np.clip(returns + own, -0.9, 9.0)
    alpha = 0.04 * random.uniform(-1.0, 1.0, n) * returns.std(axis=0)
    held = np.where(random.random(n) < random.choice([0.0, 0.2, 1.0]), 1.0, 0.0)
    held *= random.choice([-1.0, 1.0, 1.0, 1.0], n) * random.uniform(0.001, 0.05, n)
    held *= min(1.0, 0.9 / max(np.abs(held).sum(), 1e-9))
    return Question(
        pd.Series(alpha, index=names),
        pd.DataFrame(returns, columns=names),
        pd.Series(held, index=names),
    )


def _choose_terms(random, question):
    n, names = len(question.alpha), question.alpha.index
    terms = question.terms
    terms["risk_aversion"] = float(random.choice([0.0, 0.5, 2.0, 2.0, 20.0, 100.0]))
    terms["cvar_aversion"] = float(random.choice([0.0, 0.005, 0.02, 0.02, 0.2, 2.0]))
    terms["cvar_level"] = float(random.choice([0.9, 0.95, 0.95, 0.975]))
    terms["max_gross"] = float(random.choice([0.3, 1.0, 1.2, 1.2, 2.0]))
    terms["max_single"] = float(random.choice([0.02, 0.12, 0.12, 0.5]))
    terms["cash_buffer"] = float(random.choice([0.0, 0.05, 0.05, 0.5]))
    terms["cash_mode"] = str(random.choice(["net", "ex_short_proceeds"]))
    terms["long_only"] = bool(random.random() < 0.3)
    terms["cost"] = float(random.choice([0.0, 1e-4, 1e-4, 1e-3, 1e-2]))
    if random.random() < 0.3:
        terms["cost"] = pd.Series(random.uniform(0.0, 1e-3, n), index=names)
    if random.random() < 0.25:
        terms["impact"] = pd.Series(random.choice([0.0, 1e-3, 1e-2], n), index=names)
    if random.random() < 0.25:
        terms["alpha_uncertainty"] = pd.Series(random.uniform(0.0, 2e-4, n), index=names)
    if random.random() < 0.15:
        terms["scenario_weights"] = 0.99 ** np.arange(len(question.returns))[::-1]
    if random.random() < 0.2:
        exposures = pd.DataFrame(random.normal(size=(n, 3)), index=names)
        terms["cov"] = FactorCovariance(
            exposures, pd.DataFrame(np.eye(3) * 2e-5), pd.Series(1e-4, index=names)
        )
    elif random.random() < 0.1:
        terms["cov"] = question.returns.cov()


def _choose_limits(random, question):
    n, names = len(question.alpha), question.alpha.index
    terms = question.terms
    if random.random() < 0.35:
        terms["max_turnover"] = float(random.choice([0.02, 0.3, 1.0]))
    if random.random() < 0.3:
        terms["groups"] = pd.Series(random.choice(SECTORS, n), index=names)
        terms["group_caps"] = float(random.choice([0.05, 0.2, 0.5]))
    if random.random() < 0.3:
        terms["beta"] = pd.Series(random.normal(1.0, 0.3, n), index=names)
        terms["beta_range"] = [(-0.1, 0.1), (0.0, 0.0), (0.2, 0.9)][random.integers(3)]
    if random.random() < 0.2:
        terms["max_net"] = float(random.choice([0.0, 0.1, 0.6]))


def _duplicates(random, question):
    question.returns.iloc[:, -1] = question.returns.iloc[:, 0]
    question.alpha.iloc[-1] = question.alpha.iloc[0]


def _a_price_that_never_moved(random, question):
    question.returns.iloc[:, 1] = 0.0


def _no_alpha(random, question):
    question.alpha[:] = 0.0


def _huge_alpha(random, question):
    question.alpha *= 100.0


def _unknown_alpha(random, question):
    question.alpha.iloc[:: max(2, len(question.alpha) // 3)] = np.nan


def _frozen(random, question):
    names = question.alpha.index
    question.terms["tradable"] = pd.Series(random.random(len(names)) < 0.7, index=names)


def _beyond_every_limit(random, question):
    names = question.held.index
    question.held[:] = np.where(np.arange(len(names)) % 2, -1.0, 1.0) * 1.6 / len(names)


def _one_huge_holding(random, question):
    question.held.iloc[0] = 0.7


ODDITIES = {
    _duplicates: 0.1,
    _a_price_that_never_moved: 0.1,
    _no_alpha: 0.05,
    _huge_alpha: 0.05,
    _unknown_alpha: 0.1,
    _frozen: 0.15,
    _beyond_every_limit: 0.07,
    _one_huge_holding: 0.07,
}
