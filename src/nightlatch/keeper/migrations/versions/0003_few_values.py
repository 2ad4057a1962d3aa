"""Columns with few values refuse any other."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATES = "'made', 'waiting', 'labelled', 'flagged', 'withdrawn', 'shredded'"
KINDS = "'consent.give', 'consent.withdraw', 'view.open', 'view.close', 'flag', 'label', 'shred'"


def upgrade() -> None:
    with op.batch_alter_table("donations") as donations:
        donations.create_check_constraint("donation_state", f"state IN ({STATES})")
    # the copy goes on counting where the old table stopped: a draw's number is used once, ever
    last = op.get_bind().exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'draws'").scalar() or 0
    with op.batch_alter_table("draws", table_kwargs={"sqlite_autoincrement": True}) as draws:
        draws.create_check_constraint("draw_end", "ended IN ('viewed', 'skipped', 'gone')")
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'draws'")
    op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('draws', {last})")
    with op.batch_alter_table("entries") as entries:
        entries.create_check_constraint("entry_kind", f"kind IN ({KINDS})")
    with op.batch_alter_table("passkeys") as passkeys:
        passkeys.create_check_constraint("passkey_removed", "removed IN (0, 1)")
