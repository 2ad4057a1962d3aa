"""RTSP over TCP, by ourselves: what we do not read, FFmpeg may (`TakeOver`)."""

from nightlatch.pixels.sources.rtsp.feed import RtspFeed
from nightlatch.pixels.sources.rtsp.refusals import TakeOver, TransportRefused

__all__ = ("RtspFeed", "TakeOver", "TransportRefused")
