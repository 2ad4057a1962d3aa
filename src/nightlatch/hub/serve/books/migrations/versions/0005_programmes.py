"""Each clip that was given keeps the programme that it was given to."""

import json

import sqlalchemy as sa
from alembic import op

from nightlatch.errors import ConfigError
from nightlatch.web.invitation import read_invitation

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    connection = op.get_bind()
    before = connection.execute(sa.text("SELECT invitation, joined_ms FROM programmes")).all()
    op.drop_table("programmes")
    op.create_table(
        "programmes",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("invitation", sa.Text(), nullable=False),
        sa.Column("joined_ms", sa.BigInteger(), nullable=False),
        sa.Column("left_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("left_ms IS NULL OR left_ms >= 0", name="programme_left"),
    )
    with op.batch_alter_table("donations") as change:
        change.add_column(sa.Column("programme_id", sa.String(length=16), nullable=True))
        change.create_foreign_key("donation_programme", "programmes", ["programme_id"], ["id"])
    for invitation, joined_ms in before:
        try:
            programme = read_invitation(invitation)
        except ConfigError:  # a rule of today that it does not meet: join it again
            continue
        row = {"id": programme.id, "invitation": invitation, "at": joined_ms}
        connection.execute(
            sa.text("INSERT INTO programmes (id, invitation, joined_ms) VALUES (:id, :invitation, :at)"), row
        )
        for donation, consent in connection.execute(sa.text("SELECT id, consent FROM donations")).all():
            if json.loads(consent).get("record", {}).get("dpv:hasDataController") == programme.key:
                connection.execute(
                    sa.text("UPDATE donations SET programme_id = :programme WHERE id = :id"),
                    {"programme": programme.id, "id": donation},
                )
