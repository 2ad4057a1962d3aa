"""The mailbox's addresses, one noun a file.

who       address                      what
hub       POST   /v1/households        enrol, with the owner's signature for this hub
          PUT    /v1/clips/{id}/{name} one sealed object; `X-Nightlatch-Replace: 1` for a manifest that grew
          PUT    /v1/vigil             letters for its devices, should it fall silent
          POST   /v1/vigil             a sign of life
          DELETE /v1/vigil             no letters any more
owner     GET    /v1/clips             what is held
          GET    /v1/clips/{id}/{name} one object, or a range of it
          DELETE /v1/clips[/{id}]      one clip, or all
both      GET    /v1/status            how full, and what the clock here says
anybody   GET    /healthz
"""
