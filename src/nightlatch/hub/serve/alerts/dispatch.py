"""Hands events to the roads. A road that is slow or dead loses its own alerts, never another's, and never footage."""

from __future__ import annotations

import asyncio

import structlog

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
        self.failing: dict[str, int] = {road.name: 0 for road in roads}  # alerts in a row that a road has lost

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
                self.failing[road.name] = 0
            except Exception as error:  # noqa: BLE001 - one alert that cannot be sent must not end the next ones
                self.failing[road.name] += 1
                log.warning("alert.lost", road=road.name, alert=alert.event_id, error=type(error).__name__)
