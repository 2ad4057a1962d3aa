"""Remember nonces and retired hubs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "retired_hubs",
        sa.Column("hub_key", sa.String(length=44), nullable=False),
        sa.Column("household_id", sa.String(length=32), nullable=False),
        sa.Column("retired_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hub_key"),
    )
    op.create_table(
        "nonces",
        sa.Column("key", sa.String(length=44), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("created_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "nonce"),
    )
    op.create_index("ix_nonces_created_s", "nonces", ["created_s"])
