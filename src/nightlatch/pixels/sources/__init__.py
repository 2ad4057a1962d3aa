"""Where packets come from: cameras (RTSP), files, USB devices."""

from nightlatch.pixels.sources.source import Source, open_source

__all__ = ["Source", "open_source"]
