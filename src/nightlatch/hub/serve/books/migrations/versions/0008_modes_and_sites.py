"""What the household is doing, its weekly schedule, and where each camera is; who asked for threats hears of help."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "modes",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=5), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=8), nullable=False),
        sa.Column("device", sa.String(length=80), nullable=True),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
        sa.CheckConstraint("one = 1", name="mode_one"),
        sa.CheckConstraint("mode IN ('home', 'night', 'away')", name="mode_mode"),
        sa.CheckConstraint("\"by\" IN ('hand', 'command', 'schedule', 'mqtt')", name="mode_by"),
        sa.CheckConstraint("held IN (0, 1) AND NOT (held = 1 AND until_ms IS NOT NULL)", name="mode_held"),
    )
    op.create_table(
        "mode_spans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=5), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("from_min", sa.Integer(), nullable=False),
        sa.Column("to_min", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("mode IN ('night', 'away')", name="mode_span_mode"),
        sa.CheckConstraint("days BETWEEN 1 AND 127", name="mode_span_days"),
        sa.CheckConstraint("from_min BETWEEN 0 AND 1439 AND to_min BETWEEN 0 AND 1439", name="mode_span_minutes"),
    )
    with op.batch_alter_table("cameras") as change:
        change.add_column(sa.Column("site", sa.String(length=10), nullable=True))
        change.create_check_constraint("camera_site", "site IN ('street', 'front_door', 'drive', 'garden', 'inside')")
    connection = op.get_bind()
    for endpoint, verdicts in connection.execute(sa.text("SELECT endpoint, verdicts FROM push")).all():
        wanted = json.loads(verdicts)
        if "threat" in wanted and "help" not in wanted:
            connection.execute(
                sa.text("UPDATE push SET verdicts = :verdicts WHERE endpoint = :endpoint"),
                {"verdicts": json.dumps([*wanted, "help"]), "endpoint": endpoint},
            )
