"""A withdrawal's entry is shown to its hub, open, so that the hub can prove it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("entries", sa.Column("open_event", sa.LargeBinary(), nullable=True))
