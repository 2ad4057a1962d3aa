"""Hands events to the roads. A road that is slow or dead loses its own alerts, never another's, and never footage."""

from __future__ import annotations

import asyncio

import structlog

from nightlatch.errors import NightlatchError
from nightlatch.hub.serve.alerts.alert import Alert
from nightlatch.plugs import Road

WAITING = 200
log = structlog.get_logger()


class Alerts:
    """A queue for each road, so that none waits for another; the oldest alert is dropped when one is full."""

    def __init__(self, roads: list[Road[Alert]]) -> None:
        self._roads = roads
        self._queues: list[asyncio.Queue[Alert]] = [asyncio.Queue(WAITING) for _ in roads]
        self.dropped = 0

    def tell(self, alert: Alert) -> None:
        """Queue an alert for every road; call it in the event loop."""
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
                self.dropped += 1
            queue.put_nowait(alert)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for road, queue in zip(self._roads, self._queues, strict=True):
                group.create_task(road.run())
                group.create_task(self._drain(road, queue))

    async def _drain(self, road: Road[Alert], queue: asyncio.Queue[Alert]) -> None:
        while True:
            alert = await queue.get()
            try:
                await road.send(alert)
            except (NightlatchError, OSError) as error:
                log.warning("alert.lost", road=road.name, event=alert.event_id, error=type(error).__name__)
            except Exception:  # whatever it is, one alert is lost and not all that follow
                log.exception("alert.lost", road=road.name, event=alert.event_id)
