"""Labels keep the log's receipt."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("looks", sa.Column("receipt", sa.Text(), nullable=True))
