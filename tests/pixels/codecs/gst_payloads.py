"""RTP packets as GStreamer makes them, with their lengths in front (RFC 4571): `gst_payloads.py LAUNCH`, to stdout.

Run by Debian's Python with its GStreamer bindings; imports nothing of ours.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

Gst.init(None)
pipeline = Gst.parse_launch(f"{sys.argv[1]} ! rtpstreampay ! fdsink fd=1")
pipeline.set_state(Gst.State.PLAYING)
message = pipeline.get_bus().timed_pop_filtered(30 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
pipeline.set_state(Gst.State.NULL)
sys.exit(0 if message is not None and message.type == Gst.MessageType.EOS else 1)
