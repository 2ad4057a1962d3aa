"""What can be set for the mailbox: the [cloud] section."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nightlatch.web.addresses import is_this_machine


class CloudSettings(BaseModel):
    """Every key has a default; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8641, ge=0, le=65535)
    data_dir: Path = Path("data/cloud")
    records_url: str | None = Field(None, repr=False, description="SQLAlchemy URL; default SQLite in data_dir")
    blobs_url: str | None = Field(None, description="file:///…, memory:/// or s3://…; default a folder in data_dir")
    keep_days: Literal[1, 7, 14, 30] = 1
    quota_bytes: int = Field(20 * 1024**3, ge=0, description="per household")
    largest_object_bytes: int = Field(32 * 1024**2, ge=4096)
    enrolment_code: str | None = Field(
        None, repr=False, description="needed by a household to enrol; default: only hubs of this machine may"
    )
    most_households: int = Field(100, ge=1, description="that are taken in; each has its quota")

    shortest_silence_s: int = Field(120, ge=1, le=86_400, description="before a hub's devices may be told of it")

    @property
    def is_loopback(self) -> bool:
        return is_this_machine(self.host) or self.host == "localhost"

    @property
    def records(self) -> str:
        return self.records_url or f"sqlite:///{self.data_dir / 'cloud.db'}"

    @property
    def blobs(self) -> str:
        return self.blobs_url or (self.data_dir / "blobs").absolute().as_uri()
