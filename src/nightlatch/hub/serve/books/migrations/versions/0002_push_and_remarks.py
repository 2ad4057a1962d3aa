"""Browsers to alert, and the owner's remarks on events."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "push",
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("session_id", sa.String(length=16), sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("p256dh", sa.String(length=120), nullable=False),
        sa.Column("auth", sa.String(length=40), nullable=False),
        sa.Column("verdicts", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint"),
    )
    op.create_table(
        "remarks",
        sa.Column("clip_id", sa.String(length=16), sa.ForeignKey("clips.id", ondelete="CASCADE"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("clip_id"),
    )
