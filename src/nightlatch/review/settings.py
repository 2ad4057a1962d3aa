"""What can be set for the review room: the [review] section."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ReviewSettings(BaseModel):
    """Unknown keys are refused; what has no default must be set."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8642, ge=0, le=65535)
    data_dir: Path = Path("data/review")
    records_url: str | None = Field(None, repr=False, description="SQLAlchemy URL; default SQLite in data_dir")
    programme_key: str = Field(description="b64 Ed25519 public key of the programme")
    origin: str = Field("http://localhost:8642", description="of the review page, as a browser says it")
    keeper_url: str = Field("http://127.0.0.1:8643", description="where this program reaches the keeper")
    keeper_page_url: str = Field("ws://localhost:8643", description="where a browser reaches the keeper's pictures")
    keeper_secret: Path = Field(Path("data/keeper/face.secret"), description="file with the keeper's face secret")
    log_url: str = Field("http://127.0.0.1:8644", description="where the log takes entries and shows tiles")
    log_policy: Path | None = Field(None, description="file with the log's and the witnesses' keys and the quorum")
    administrators: list[str] = Field([], description="b64 Ed25519 public keys; the keeper has the same")
    log_secret: Path | None = Field(None, description="file with the bearer secret that the log wants from writers")

    @field_validator("keeper_page_url")
    @classmethod
    def _is_a_websocket(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or parts.path not in ("", "/") or not parts.netloc:
            raise ValueError("the keeper's address for browsers is ws://host:port or wss://host")
        if set(parts.netloc) & set(" ;,'\"@"):
            raise ValueError("the keeper's address for browsers is a host and a port")
        return url.rstrip("/")

    @property
    def records(self) -> str:
        return self.records_url or f"sqlite:///{self.data_dir / 'review.db'}"

    @property
    def rp_id(self) -> str:
        """WebAuthn's relying party: the host name of the page."""
        return urlsplit(self.origin).hostname or "localhost"

    @property
    def is_secure(self) -> bool:
        return self.origin.startswith("https://")
