"""Every stage there is, and every other way to do one."""

from datetime import date

from core.storage.paths import Paths
from core.storage.runs import RunBook
from tasks.decide.optimise import optimise
from tasks.decide.order_ticket import order_ticket
from tasks.decide.overlay import overlay
from tasks.decide.risk_gate import risk_gate
from tasks.decide.signals import signals
from tasks.decide.snapshot import snapshot
from tasks.decide.what_if import what_if
from tasks.ingest.earnings import earnings
from tasks.ingest.features import features
from tasks.ingest.fundamentals import fundamentals
from tasks.ingest.macro import macro
from tasks.ingest.market import market
from tasks.ingest.news import news
from tasks.ingest.universe import universe
from tasks.record.close import close
from tasks.record.close_journal import close_journal
from tasks.record.day_message import notify_of_day
from tasks.record.execution import execution
from tasks.record.journal import journal
from tasks.record.notify import notify
from tasks.trade.desk import desk
from tasks.trade.fills import fills, keep_submission
from tasks.trade.standing import standing
from tasks.trade.submit import recall_submission, submit, submit_automatically

STAGES = [
    universe, market, fundamentals, news, macro, earnings, features, signals, snapshot, optimise,
    overlay, risk_gate, what_if, order_ticket, desk, submit, fills, standing, execution, journal,
    notify, close, close_journal,
]  # fmt: skip
OTHERWISE = [submit_automatically, recall_submission, keep_submission, notify_of_day]
RESUMED = frozenset(each.name for each in STAGES if each.resumable)


def records_of(home):
    """Return the records in the one run book under a home folder, by the stages' titles."""
    paths = Paths(home=home, mode="sim")
    (path,) = (paths.data / "runs").rglob("*.json")
    book = RunBook.open(paths, date.fromisoformat(path.parent.name), path.stem)
    return {stage.title: book[stage] for stage in STAGES if stage.name in book.done}
