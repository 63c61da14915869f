"""The day's targets beside what is held, as rounding, gate, what-if and ticket ask for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import pandas as pd

from core.settings import Submit
from core.storage.artefacts import Artefact
from core.storage.runs import StageRecord
from core.tables import TARGETS
from core.tables.columns import numbers, texts
from core.types import Contract, Order, OrderState, Snapshot, TradingTerms
from core.types.frozen import FrozenHolding
from desk.gate.account_state import account_state
from desk.gate.broker_hours import AgreedSession, agreed
from desk.gate.frozen_holdings import frozen_holdings
from desk.gate.portfolio_gate import Batch, Optimised, PortfolioGate
from desk.records.order_ref import order_ref
from desk.records.store import DeskStore
from ibkr.account.portfolio import Portfolio
from optimiser.lots.listings import listings_of, worth_of
from optimiser.lots.share_portfolio import PortfolioLimits
from optimiser.lots.whole_lots import Listing, Lots, Sizing, target_quantities
from risk.account import AccountState
from risk.data_quality import headline_checks, quality_checks, quote_checks
from risk.limits import Check
from risk.optimiser_limits import beta_range, betas_of, sector_caps, sectors_of
from risk.order import check_order_cutoff, increment_checks
from tasks.day import Day
from tasks.decide.snapshot import SnapshotResult, open_orders_of, whole_account
from tasks.ingest.holding_names import named
from tasks.ingest.ingested import Ingested
from tasks.ingest.universe import contracts_of


@dataclass(frozen=True, eq=False, kw_only=True)
class Targets:
    """A table of targets, and all that turning it into orders and judging them rests on."""

    day: Day
    ingested: Ingested
    table: pd.DataFrame  # of schema ``targets``, by conId
    account: Snapshot  # all that it holds
    working: tuple[OrderState, ...] = ()  # orders that were open when it was taken

    @classmethod
    def read(
        cls, day: Day, table: Artefact, ingested: Ingested, held: StageRecord[SnapshotResult]
    ) -> Targets:
        """Read the table and what is held."""
        return cls(
            day=day,
            ingested=ingested,
            table=day.read(table, TARGETS).set_index("con_id"),
            account=named(whole_account(day, held), ingested.universe_table(day)),
            working=open_orders_of(day, held),
        )

    @cached_property
    def snapshot(self) -> Snapshot:
        """The account with its stocks and funds only: what a portfolio is made of."""
        return self.account.stocks

    @cached_property
    def symbols(self) -> dict[int, str]:
        """The symbol of each name, by conId."""
        return texts(self.table["symbol"])

    @cached_property
    def features(self) -> pd.DataFrame:
        """The features, by conId."""
        return self.ingested.feature_table(self.day)

    @cached_property
    def universe(self) -> pd.DataFrame:
        """The universe."""
        return self.ingested.universe_table(self.day)

    @cached_property
    def quote_kinds(self) -> dict[int, str]:
        """The kind of market data that each name's quote is, by conId."""
        return texts(self.ingested.quote_table(self.day)["source"])

    @cached_property
    def returns(self) -> pd.DataFrame:
        """The return scenarios, one column per conId."""
        return self.ingested.returns(self.day)

    @cached_property
    def sectors(self) -> dict[int, str]:
        """The sector of each name that has one, by conId."""
        return texts(self.universe.set_index("con_id")["sector"])

    @cached_property
    def contracts(self) -> dict[int, Contract]:
        """What can be traded, by conId."""
        return {contract.con_id: contract for contract in contracts_of(self.universe)}

    @cached_property
    def listings(self) -> dict[int, Listing]:
        """How each name is quoted, by conId."""
        quoted = numbers(self.features["price"])
        return listings_of(numbers(self.table["price"]), self.contracts, quoted, self.snapshot)

    @cached_property
    def worth(self) -> dict[int, float]:
        """What a share of each name is worth in the base currency, by conId."""
        return worth_of(self.listings, self.snapshot)

    @cached_property
    def frozen(self) -> tuple[FrozenHolding, ...]:
        """What of the account is left as it is, why, and what a person can do."""
        return frozen_holdings(self.account, self.ingested.known(self.day))

    def lots(self, halted: Collection[int]) -> Lots:
        """Return the positions, in whole shares, that the targets stand for."""
        orders, weights = self.day.settings.orders, numbers(self.table["weight"])
        held = self.snapshot.held
        in_play = {*held, *(con_id for con_id, weight in weights.items() if weight != 0.0)}
        # Without a contract there is no order, without a price one believes there is none either.
        frozen = {*halted, *self.ingested.quality.quarantined}
        frozen |= set(held) - (set(self.contracts) & {*self.features.index})
        return target_quantities(
            weights,
            listings=self.listings,
            current=held,
            sizing=Sizing(
                net_asset_value=self.snapshot.net_asset_value,
                rates=self.snapshot.exchange_rates,
                even_lots=orders.even_lots,
                no_trade_band=orders.no_trade_band,
                min_trade_value=orders.min_trade_value,
            ),
            limits=self.limits(in_play),
            frozen=frozen,
        )

    def limits(self, names: Collection[int]) -> PortfolioLimits:
        """Return the limits of positions in these names, wanted or held."""
        limits = self.day.settings.limits
        groups = sectors_of(self.sectors, names)
        betas = betas_of(self.returns, names)
        return PortfolioLimits(
            max_single=limits.max_single,
            max_gross=limits.max_gross,
            cash_buffer=limits.cash_buffer,
            max_net=limits.max_net,
            max_turnover=limits.max_turnover,
            groups=groups,
            max_group=sector_caps(limits, groups.values()),
            betas=betas,
            beta_range=beta_range(limits, betas),
        )

    def traded(self, quantities: Mapping[int, int]) -> list[Contract]:
        """Return the contracts of which the positions held differ from these quantities."""
        held = self.snapshot.held
        return [
            self.contracts[con_id]
            for con_id, quantity in sorted(quantities.items())
            if quantity != held.get(con_id, 0) and con_id in self.contracts
        ]

    def orders(
        self, quantities: Mapping[int, int], terms: Mapping[int, TradingTerms]
    ) -> tuple[Order, ...]:
        """Return the orders that lead from the positions held to these quantities."""
        settings = self.day.settings.orders
        return Portfolio.diff_to_orders(
            quantities,
            self.snapshot,
            self.contracts,
            numbers(self.table["price"]),
            limit_offset=settings.limit_offset,
            time_in_force=settings.time_in_force,
            order_ref=partial(order_ref, self.day.account, self.day.session.day),
            increments={con_id: one.increments for con_id, one in terms.items()},
        )

    def batch(self, weights: Mapping[int, float], orders: tuple[Order, ...] = ()) -> Batch:
        """Return weights, and the orders that lead there, as the gate judges them."""
        return Batch(weights, orders, self.account, self.working)

    def gate(self, optimised: Optimised) -> PortfolioGate:
        """Return the gate for batches that lead to these targets."""
        fresh = min(len(self.features), self.ingested.quality.fresh)
        # What is only there because it is held, and cannot be used, has a limit of its own.
        odd = {one.con_id for one in self.frozen} - {*self.features.index}
        asked = self.universe[
            (self.universe["origin"] != "holding") | ~self.universe["con_id"].isin(sorted(odd))
        ]
        return PortfolioGate(
            limits=self.day.settings.limits,
            prices={con_id: listing.price for con_id, listing in self.listings.items()},
            worth=self.worth,
            returns=self.returns,
            adv=numbers(self.features["adv_20"]),
            coverage=min(fresh / len(asked), 1.0) if len(asked) else 0.0,
            sectors=self.sectors,
            symbols=self.symbols,
            optimised=optimised,
            account=self._account,
        )

    def agreed(self, terms: Iterable[TradingTerms]) -> AgreedSession:
        """Return the day's session as the calendar and the broker have it."""
        settings = self.day.settings
        return agreed(
            terms,
            self.day.session,
            exchange=settings.sessions,
            unattended=settings.submit is Submit.AUTO,
        )

    def judge(
        self, batch: Batch, optimised: Optimised, terms: Mapping[int, TradingTerms]
    ) -> tuple[Check, ...]:
        """Return the whole verdict on a batch: deadline, data, portfolio, account, single orders.

        The only judgement there is: what-if sizing asks it again of the orders that are left.
        """
        day = self.day
        hours = self.agreed(terms[order.con_id] for order in batch.orders)
        return (
            check_order_cutoff(day.as_of, hours.finish_line),
            *hours.checks,
            *increment_checks(batch.orders, terms),
            *quality_checks(
                day.settings.quality, self.ingested.quality, held=set(self.snapshot.held)
            ),
            *quote_checks(
                batch.orders, self.quote_kinds, unattended=day.settings.submit is Submit.AUTO
            ),
            *headline_checks(day.settings.limits, self.ingested.news.result.seen),
            *self.gate(optimised).judge(batch),
        )

    def _account(self, orders: Sequence[Order]) -> AccountState:
        day = self.day
        with DeskStore.of(day.paths) as store:
            return account_state(
                store,
                day.settings,
                account=day.account,
                session=day.session.day,
                batch=[order.order_ref for order in orders],
                past=day.past,
            )
