"""A device whose alerts were given up is remembered, so that Home can say so."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("unalerted_ms", sa.BigInteger(), nullable=True))
