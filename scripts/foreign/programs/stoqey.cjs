// @stoqey/ib, the TypeScript client: its promises, its streams and its orders.
"use strict";

const { BarSizeSetting, IBApiNext, Instrument, LocationCode, ScanCode, WhatToShow } = require("@stoqey/ib");

const [port, control, account] = ["PORT", "CONTROL", "ACCOUNT"].map((n) => process.env[`FOREIGN_${n}`]);
const [STOCK, FUND, INDEX, FUTURE] = ["RRVBS", "DBETF", "DBOOK", "DBF"]; // as in foreign.py
let differing = 0;

/** Try one feature and print what came of it. */
async function feature(name, tried) {
  try {
    await tried();
    console.log(`ok      ${name}`);
  } catch (error) {
    const said = String(error?.error?.message ?? error?.message ?? JSON.stringify(error));
    differing += 1;
    console.log(`DIFFERS ${name}: ${said.replace(/\s+/g, " ")}`);
  }
}

function assert(true_, what) {
  if (!true_) throw new Error(`not so: ${what}`);
}

async function move(body) {
  const answer = await fetch(`${control}/control/clock`, { method: "POST", body: JSON.stringify(body) });
  assert(answer.ok, "the clock moves");
}

/** Return the first value of a stream that will do. */
function first(stream, willDo = () => true, seconds = 15) {
  return new Promise((resolve, reject) => {
    let subscription;
    const late = setTimeout(() => {
      subscription?.unsubscribe();
      reject(new Error(`nothing that would do within ${seconds} s`));
    }, seconds * 1000);
    subscription = stream.subscribe({
      next: (value) => {
        if (!willDo(value)) return;
        clearTimeout(late);
        setTimeout(() => subscription.unsubscribe());
        resolve(value);
      },
      error: (error) => (clearTimeout(late), reject(error)),
    });
  });
}

const ib = new IBApiNext({ host: "127.0.0.1", port: Number(port), reconnectInterval: 0 });
const us = { exchange: "SMART", currency: "USD" };
const stock = { ...us, secType: "STK", symbol: STOCK };
const index = { secType: "IND", symbol: INDEX, exchange: "CBOE", currency: "USD" };
const option = { ...us, secType: "OPT", symbol: FUND, strike: 140, right: "C", lastTradeDateOrContractMonth: "20260717" };
const future = { secType: "FUT", symbol: FUTURE, exchange: "CME", currency: "USD", lastTradeDateOrContractMonth: "20260918" };
const pair = { secType: "CASH", symbol: "EUR", exchange: "IDEALPRO", currency: "USD" };

async function reads() {
  await feature("accounts, summary, positions, PnL", async () => {
    assert((await ib.getManagedAccounts())[0] === account, "one account");
    await first(ib.getAccountSummary("All", "NetLiquidation"), (u) => u.all.size > 0);
    await first(ib.getPositions());
    await first(ib.getPnL(account));
  });
  await feature("contracts: stock with ISIN, index, option, future, currencies, search", async () => {
    for (const contract of [stock, index, option, future, pair]) {
      const [details] = await ib.getContractDetails(contract);
      contract.conId = details.contract.conId;
      if (contract === stock) assert(details.secIdList[0].tag === "ISIN", "an ISIN");
    }
    assert((await ib.getMatchingSymbols(STOCK)).length > 0, "symbols found");
  });
  await feature("option chains", async () => {
    const chains = await ib.getSecDefOptParams(INDEX, "", "IND", index.conId);
    assert(new Set(chains.map((chain) => chain.tradingClass)).size === 2, "two classes");
  });
  await feature("history: bars, head time stamp, ticks, histogram", async () => {
    const bars = await ib.getHistoricalData(stock, "", "1 M", BarSizeSetting.DAYS_ONE, WhatToShow.TRADES, 1, 1);
    assert(bars.length > 19, "a month of bars");
    await ib.getHeadTimestamp(stock, WhatToShow.TRADES, true, 1);
    await first(ib.getHistoricalTicksLast(stock, "20260612 15:00:00 UTC", "", 20, 1));
    await ib.getHistogramData(stock, true, 3, "day");
  });
  await feature("scanner and its parameters", async () => {
    const scan = {
      instrument: Instrument.STK,
      locationCode: LocationCode.STK_US_MAJOR,
      scanCode: ScanCode.MOST_ACTIVE,
    };
    await first(ib.getMarketScanner(scan), (update) => update.all.size > 0);
    assert((await ib.getScannerParameters()).includes("MOST_ACTIVE"), "the parameters");
  });
  await feature("fundamentals", async () => {
    assert((await ib.getFundamentalData(stock, "ReportsFinSummary")).startsWith("<?xml"), "a report");
  });
}

async function streams() {
  await feature("quotes, snapshot, option ticks, depth", async () => {
    await first(ib.getMarketData(stock, "165,233", false, false), (update) => update.all.size > 5);
    assert((await ib.getMarketDataSnapshot(stock, "", false)).size > 3, "a snapshot");
    await first(ib.getMarketData(option, "100,101,106", false, false), (update) => update.all.has(27));
    await first(ib.getMarketDepth(stock, 5, true));
  });
  for (const [name, stream] of [
    ["real-time bars", () => ib.getRealTimeBars(stock, WhatToShow.TRADES, true)],
    ["tick by tick", () => ib.getTickByTickAllLastDataUpdates(stock, 0, false)],
    ["bars kept up to date", () => ib.getHistoricalDataUpdates(stock, BarSizeSetting.MINUTES_ONE, WhatToShow.TRADES, 1)],
  ]) {
    await feature(name, async () => {
      const come = first(stream());
      setTimeout(() => move({ by: "PT90S" }), 500);
      await come;
    });
  }
}

async function orders() {
  const quotes = await ib.getMarketDataSnapshot(stock, "", false);
  const low = Math.round([...quotes.values()][0].value * 90) / 100;
  const state = async (id, wanted) => {
    for (let tries = 0; tries < 50; tries += 1) {
      if ((await ib.getAllOpenOrders()).some((each) => each.orderId === id && wanted(each))) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`order ${id} is not as wanted: ${JSON.stringify(await ib.getAllOpenOrders())}`);
  };
  const limit = { action: "BUY", totalQuantity: 10, orderType: "LMT", lmtPrice: low, tif: "DAY", transmit: true };
  await feature("limit order is placed, changed and cancelled", async () => {
    const id = await ib.placeNewOrder(stock, limit);
    await state(id, (each) => ["Submitted", "PreSubmitted"].includes(each.orderState.status));
    ib.modifyOrder(id, stock, { ...limit, lmtPrice: low - 1 });
    await state(id, (each) => each.order.lmtPrice === low - 1);
    ib.cancelOrder(id);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert(!(await ib.getAllOpenOrders()).some((each) => each.orderId === id), "it is gone");
  });
  await feature("market orders fill: stock, option, future, currencies; executions, commissions", async () => {
    for (const [contract, quantity] of [[stock, 100], [option, 1], [future, 1], [pair, 25000]]) {
      await ib.placeNewOrder(contract, { action: "BUY", totalQuantity: quantity, orderType: "MKT", tif: "DAY", transmit: true });
    }
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert((await ib.getExecutionDetails({})).length >= 4, "executions");
    assert((await ib.getCommissionReport({})).length >= 4, "commissions");
  });
  await feature("GTC outside regular hours, Adaptive, cancel all", async () => {
    const id = await ib.placeNewOrder(stock, { ...limit, tif: "GTC", outsideRth: true });
    await state(id, (each) => each.order.outsideRth);
    const other = await ib.placeNewOrder(stock, {
      ...limit, algoStrategy: "Adaptive", algoParams: [{ tag: "adaptivePriority", value: "Normal" }],
    });
    await state(other, (each) => each.order.algoStrategy === "Adaptive");
    ib.cancelAllOrders();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert((await ib.getAllOpenOrders()).length === 0, "nothing is open");
  });
}

(async () => {
  ib.connect(7);
  await reads();
  await move({ to: "2026-06-15T13:40:00Z" });
  await streams();
  await orders();
  process.exit(differing ? 1 : 0);
})();
