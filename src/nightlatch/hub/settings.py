"""What can be set for the hub: the [hub] section."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nightlatch.domain.sighting import EyeName, Verdict

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class HubSettings(BaseModel):
    """Every key has a default; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field("127.0.0.1", description="0.0.0.0 serves the whole home network, over TLS")
    port: int = Field(8640, ge=0, le=65535)
    data_dir: Path = Path("data/hub")
    cloud_url: str | None = Field(None, description="the mailbox; none = clips stay at home")
    enrolment_code: str | None = None
    keep_hours: int = Field(24, ge=1, le=24 * 90)
    disk_floor_bytes: int = Field(2 * 1024**3, ge=0, description="free space that is never used")
    host_names: list[str] = Field(default_factory=list, description="other names that this hub goes by")
    demo: bool = Field(True, description="rendered demo cameras while there is no real one")

    mqtt_url: str | None = Field(None, description="mqtt://user:password@broker:1883 or mqtts://…; alerts in the clear")
    mqtt_verdicts: list[Verdict] = Field(
        default_factory=lambda: list(Verdict), description="which events are published: threat, help, unsure, routine"
    )
    silence_after_s: int = Field(
        300, ge=1, le=86_400, description="of silence, before the mailbox tells your devices; if you switched that on"
    )
    models_dir: Path | None = Field(None, description="where downloaded models are kept; default: beside the data")
    detector: EyeName = Field(EyeName.BOTH, description="which eye looks at moving things")
    detector_model: Path | None = Field(
        None, description="an ONNX file of your own to look with; see docs/guide/the-eye.md"
    )

    shards: int = Field(0, ge=0, le=16, description="watch processes, which share the cameras; 0: as many as needed")

    @model_validator(mode="after")
    def _own_model(self) -> Self:
        """A model of the owner's is what looks; another eye beside it would be a mistake."""
        if self.detector_model is not None:
            if "detector" not in self.model_fields_set:
                self.detector = EyeName.OWN
            elif self.detector is not EyeName.OWN:
                raise ValueError(
                    f"detector_model is for detector = own, and it is {self.detector}: leave one of them out"
                )
        elif self.detector is EyeName.OWN:
            raise ValueError("detector = own needs detector_model, an ONNX file")
        return self

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK
