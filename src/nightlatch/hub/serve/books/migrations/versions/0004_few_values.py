"""Columns with few values, and those that belong together, refuse anything else."""

from alembic import op

revision = "0004"
down_revision = "0003"

CHECKS = {
    "households": {"household_one": "one = 1"},
    "programmes": {"programme_one": "one = 1"},
    "cameras": {
        "camera_transport": "transport IN ('tcp', 'udp')",
        "camera_enabled": "enabled IN (0, 1)",
        "camera_demo": "demo IN (0, 1)",
        "camera_private": "private IN (0, 1)",
        "camera_removed": "removed IN (0, 1)",
        "camera_quota": "quota_bytes >= 0",
    },
    "segments": {"segment_sizes": "duration_ms >= 0 AND bytes >= 0"},
    "sheets": {"sheet_sizes": "duration_ms >= 0 AND bytes >= 0"},
    "clips": {"clip_open": "open IN (0, 1) AND open = (ended_ms IS NULL)"},
    "clip_parts": {"clip_part_versions": "version >= 1 AND sent_version >= 0 AND bytes >= 0"},
    "outages": {"outage_ends": "ended_ms >= began_ms"},
    "push": {"push_failures": "failures >= 0"},
}


def upgrade() -> None:
    # 0.1 closed a clip that died without its end in one case, and a clock that went back ended outages early
    op.execute("UPDATE clips SET open = 0, ended_ms = began_ms WHERE open = 0 AND ended_ms IS NULL")
    op.execute("UPDATE clips SET ended_ms = NULL WHERE open = 1")
    op.execute("UPDATE outages SET ended_ms = began_ms WHERE ended_ms < began_ms")
    for table, checks in CHECKS.items():
        with op.batch_alter_table(table) as change:
            for name, condition in checks.items():
                change.create_check_constraint(name, condition)
