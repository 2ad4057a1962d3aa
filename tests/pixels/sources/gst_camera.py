"""An independent RTSP camera: gst-rtsp-server under the system's Python. Prints its port, then serves until killed.

Arguments: a launch line; a file with key and certificate for TLS, or an empty word; optionally name and password.
Runs outside the test's own Python: imports nothing of ours.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(sys.argv[1])
factory.set_shared(True)
auth = GstRtspServer.RTSPAuth()
if sys.argv[2]:
    auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(sys.argv[2]))
if len(sys.argv) > 4:
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "owner")
    auth.set_supported_methods(0x2)  # Digest
    auth.add_digest(sys.argv[3], sys.argv[4], token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("owner", "media.factory.access", True)
    permissions.add_permission_for_role("owner", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/live", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
