"""Encoded video: packets, segments, clips, stills. A recording is a remux, never a transcode."""
