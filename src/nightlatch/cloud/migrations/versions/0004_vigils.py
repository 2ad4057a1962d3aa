"""Letters that hubs leave, to be sent when they fall silent."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "vigils",
        sa.Column("household_id", sa.String(length=32), nullable=False),
        sa.Column("after_s", sa.Integer(), nullable=False),
        sa.Column("signs", sa.BigInteger(), nullable=False),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("household_id"),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], ondelete="CASCADE"),
        sa.CheckConstraint("after_s > 0 AND signs >= 0", name="vigil_counts"),
    )
    op.create_table(
        "letters",
        sa.Column("household_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(length=1000), nullable=False),
        sa.Column("token", sa.String(length=1200), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("household_id", "number"),
        sa.ForeignKeyConstraint(["household_id"], ["vigils.household_id"], ondelete="CASCADE"),
        sa.CheckConstraint("tries >= 0", name="letter_tries"),
    )
