"""Indexes that answer Home and the timeline without reading the rows of a day."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_index("segments_by_time", "segments")
    op.create_index("segments_by_time", "segments", ["camera_id", "began_ms", "duration_ms", "bytes"])
    op.drop_index("sheets_by_time", "sheets")
    op.create_index("sheets_by_time", "sheets", ["camera_id", "began_ms", "duration_ms"])
    op.create_index("clips_by_onset", "clips", ["onset_ms"])
    waiting = sa.text("version > sent_version AND refused IS NULL")
    op.create_index("clip_parts_waiting", "clip_parts", ["clip_id"], sqlite_where=waiting)
    op.create_index("clip_parts_sizes", "clip_parts", ["clip_id", "bytes", "sent_version"])
