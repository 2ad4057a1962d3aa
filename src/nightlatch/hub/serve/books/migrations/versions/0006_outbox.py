"""What must arrive at a programme is kept until it has; a withdrawal is kept until its refusal is proven."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ADDED = ("arrived_ms", "proven_ms", "proven_index")


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["programme_id"], ["programmes.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("programme_id", "kind", "about", name="outbox_once"),
        sa.CheckConstraint("tries >= 0", name="outbox_tries"),
        sa.CheckConstraint("kind IN ('give', 'withdraw', 'cosign')", name="outbox_kind"),
        sqlite_autoincrement=True,
    )
    for name in ADDED:
        op.add_column("donations", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("not_taken", "withdrawal"):
        op.add_column("donations", sa.Column(name, sa.Text(), nullable=True))
    op.execute("UPDATE donations SET arrived_ms = given_ms")  # a row was written when the keeper had answered
