"""Columns with few values refuse any other."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("changes") as changes:
        changes.create_check_constraint("change_kind", "kind IN ('roster', 'policy')")
    with op.batch_alter_table("passkeys") as passkeys:
        passkeys.create_check_constraint("passkey_state", "state IN ('asked', 'enrolled', 'removed')")
