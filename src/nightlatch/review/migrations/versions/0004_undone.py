"""A label may be taken back once, just after it was handed in."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("looks", sa.Column("undone_ms", sa.BigInteger(), nullable=True))
