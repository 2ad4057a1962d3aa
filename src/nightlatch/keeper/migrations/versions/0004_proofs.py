"""Changes are kept with their proof, rows are stamped, and a flag is timed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("found_ms", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=True),
        sa.Column("event", sa.LargeBinary(), nullable=True),
        sa.Column("signatures", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("closed_day", sa.Integer(), nullable=False),
        sa.Column("seen", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.drop_table("promises")  # a policy comes again, with its proof, from review
    op.add_column("donations", sa.Column("flagged_ms", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE donations SET flagged_ms = "
        "(SELECT coalesce(max(made_ms), 0) FROM entries WHERE donation_id = donations.id AND kind = 'flag') "
        "WHERE state = 'flagged'"
    )
