"""Rendered scenes with exact truth, and an RTSP server that shows them: the demo, and cameras for tests."""
