"""Every object has at least one byte."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("objects") as objects:
        objects.create_check_constraint("object_bytes", "bytes > 0")
