"""What can be set for the keeper: the [keeper] section."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from nightlatch.keeper.checks import RoomHours, RoomPolicy


class KeeperSettings(BaseModel):
    """Unknown keys are refused; what has no default must be set, since the keeper trusts nothing on its own."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8643, ge=0, le=65535)
    revocations_port: int | None = Field(
        None, ge=0, le=65535, description="on which revocations are taken beside the first; none: on the first alone"
    )
    data_dir: Path = Path("data/keeper")
    programme_key: str = Field(description="b64 Ed25519 public key of the programme")
    administrators: list[str] = Field(min_length=2, description="b64 Ed25519 public keys; two sign a roster change")
    passed_over: list[str] = Field([], description="SHA-256 of roster or policy leaves that nobody can tell any more")
    review_origin: str = Field("http://localhost:8642", description="of the review page, as a browser says it")
    rp_id: str = Field("localhost", description="WebAuthn relying party: the host name of review_origin")
    log_url: str = Field("http://127.0.0.1:8644", description="where the log takes entries and shows tiles")
    log_secret: Path | None = Field(None, description="file with the bearer secret that the log wants from writers")
    log_policy: Path = Field(description="file with the log's and the witnesses' keys and the quorum")
    invitation: Path | None = Field(
        None, description="file with the programme's invitation, shown at /invitation; none: it is shown nowhere"
    )
    quota: int = Field(150, ge=1, le=150, description="views a day and reviewer")
    most_viewers: int = Field(5, ge=1, le=20)
    opens_minute: int = Field(7 * 60, ge=0, le=1440, description="of the day, by the clock of zone")
    closes_minute: int = Field(20 * 60, ge=0, le=1440)
    zone: str = "UTC"
    weekdays: list[int] = Field([0, 1, 2, 3, 4, 5, 6], description="Monday is 0")
    idle_s: int = Field(60, ge=1, le=60)

    @property
    def policy(self) -> RoomPolicy:
        hours = RoomHours(self.opens_minute, self.closes_minute, self.zone, frozenset(self.weekdays))
        return RoomPolicy(self.programme_key, self.quota, self.most_viewers, hours, self.idle_s * 1000)
