"""The tables of the desk. Moments are ISO 8601 with their zone.

Nothing is ever deleted. Tables grow by rows; what changes within a row is how far it got: the state
of a ticket or an intent, whether a token was used, a fill's commission.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 3

METADATA = sa.MetaData()

DESK_SCHEMA = sa.Table(
    "desk_schema",
    METADATA,
    sa.Column("version", sa.Integer, primary_key=True),
)

TICKETS = sa.Table(
    "tickets",
    METADATA,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("session", sa.Date, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),  # the very bytes that are approved
    sa.Column("path", sa.String, nullable=False),  # where people read it, below the home folder
    sa.Column("holdings", sa.Text, nullable=False),  # JSON: what was held when it was decided
    sa.Column("world", sa.Text, nullable=False),  # JSON: the embedded simulator's settings
    sa.Column("registered_at", sa.String, nullable=False),
)
sa.Index(
    "one_committed_ticket_a_session",
    TICKETS.c.account,
    TICKETS.c.session,
    unique=True,
    sqlite_where=TICKETS.c.state == "committed",
    postgresql_where=TICKETS.c.state == "committed",
)

DECISIONS = sa.Table(
    "decisions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("ticket_sha256", sa.ForeignKey(TICKETS.c.sha256), nullable=False),
    sa.Column("approved", sa.Boolean, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("only", sa.Text, nullable=False),  # JSON: symbols; empty for all
    sa.Column("reason", sa.Text, nullable=False),
)

PREVIEWS = sa.Table(
    "previews",
    METADATA,
    sa.Column("token_sha256", sa.String(64), primary_key=True),  # the token itself is not kept
    sa.Column("terms", sa.Text, nullable=False),  # canonical JSON of what would be sent
    sa.Column("terms_sha256", sa.String(64), nullable=False),
    sa.Column("caller", sa.String, nullable=False),
    sa.Column("issued_at", sa.String, nullable=False),
    sa.Column("expires_at", sa.String, nullable=False),
    sa.Column("used_at", sa.String),
)

INTENTS = sa.Table(
    "intents",
    METADATA,
    sa.Column("order_ref", sa.String(20), primary_key=True),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("session", sa.Date, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # place in the send order of its source
    sa.Column("source", sa.String(64), nullable=False),  # sha256 of the ticket or of the token
    sa.Column("con_id", sa.BigInteger, nullable=False),
    sa.Column("symbol", sa.String, nullable=False),
    sa.Column("side", sa.String, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("order_type", sa.String, nullable=False),
    sa.Column("limit_price", sa.Float),
    sa.Column("time_in_force", sa.String, nullable=False),
    sa.Column("outside_rth", sa.Boolean, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("committed_at", sa.String, nullable=False),
    sa.UniqueConstraint("source", "position"),
)

LEGS = sa.Table(  # of the intents that are combinations
    "legs",
    METADATA,
    sa.Column("order_ref", sa.ForeignKey(INTENTS.c.order_ref), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("con_id", sa.BigInteger, nullable=False),
    sa.Column("side", sa.String, nullable=False),
    sa.Column("ratio", sa.Integer, nullable=False),
)

STRATEGIES = sa.Table(  # what those combinations are
    "strategies",
    METADATA,
    sa.Column("order_ref", sa.ForeignKey(INTENTS.c.order_ref), primary_key=True),
    sa.Column("terms", sa.Text, nullable=False),  # JSON: the strategy, leg by leg
    sa.Column("closes", sa.ForeignKey(INTENTS.c.order_ref), index=True),  # the trade it ends
)

CLOSINGS = sa.Table(  # orders for one instrument that end what another order opened
    "closings",
    METADATA,
    sa.Column("order_ref", sa.ForeignKey(INTENTS.c.order_ref), primary_key=True),
    sa.Column("trade", sa.ForeignKey(INTENTS.c.order_ref), nullable=False, index=True),
)

CHANGES = sa.Table(  # new terms for an order that works, written down before they are sent
    "changes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("order_ref", sa.ForeignKey(INTENTS.c.order_ref), nullable=False, index=True),
    sa.Column("source", sa.String(64), nullable=False, unique=True),  # sha256 of the token
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("limit_price", sa.Float),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

ORDER_EVENTS = sa.Table(  # each state in which the broker showed an order
    "sightings",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("order_ref", sa.ForeignKey(INTENTS.c.order_ref), nullable=False, index=True),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("filled", sa.Float, nullable=False),
    sa.Column("perm_id", sa.BigInteger, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

FILLS = sa.Table(
    "fills",
    METADATA,
    sa.Column("execution_id", sa.String, primary_key=True),
    sa.Column("order_ref", sa.ForeignKey(INTENTS.c.order_ref), nullable=False, index=True),
    sa.Column("con_id", sa.BigInteger, nullable=False),
    sa.Column("symbol", sa.String, nullable=False),
    sa.Column("side", sa.String, nullable=False),
    sa.Column("quantity", sa.Float, nullable=False),
    sa.Column("price", sa.Float, nullable=False),
    sa.Column("time", sa.String, nullable=False),  # empty: what the broker wrote was not a time
    sa.Column("commission", sa.Float),  # unknown until the broker reports it
    sa.Column("commission_currency", sa.String),  # none in rows of version 2: the account's own
    sa.Column("corrected", sa.Boolean, nullable=False),  # the broker replaced it by another
)

KILL_SWITCH = sa.Table(  # the newest row is the kill switch's position
    "switches",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # JSON
)
