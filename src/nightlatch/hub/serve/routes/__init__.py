"""The hub's API, one noun a file. Everything but /state, /household, /login and /recovery needs a signed-in owner.

    household   GET    /api/state                                what the page needs before anything else
                POST   /api/household                            claim the hub
                POST   /api/household/enrolment                  let it put clips into the mailbox
    signin      GET    /api/login                                how to stretch the passphrase
                POST   /api/login                                sign in with it
                POST   /api/logout
                GET    /api/recovery                             a challenge for the recovery sheet
                POST   /api/recovery                             sign in with it, set a new passphrase
    passphrase  POST   /api/passphrase                           change it
                GET    /api/wrapped-root                         what it unwraps
    devices     GET    /api/devices                              who is signed in
                DELETE /api/devices/{device_id}
    home        GET    /api/home                                 is all well?
    mode        GET    /api/mode                                 home, night or away; who said so, until when
                PUT    /api/mode                                 set it by hand
                GET    /api/mode/schedule                        the week
                PUT    /api/mode/schedule
    cameras     GET    /api/cameras
                POST   /api/cameras                              add one
                POST   /api/cameras/test                         try an address
                PATCH  /api/cameras/{camera_id}
                DELETE /api/cameras/{camera_id}                  with or without its footage
                GET    /api/cameras/{camera_id}/still            the newest, sealed
    habits      GET    /api/cameras/{camera_id}/habits           at which hours somebody is usually there
    timeline    GET    /api/timeline                             what each camera recorded between two moments
    segments    GET    /api/segments                             of a camera between two moments
                GET    /api/segments/{segment_id}                sealed
    sheets      GET    /api/sheets/{sheet_id}                    a minute of stills, sealed
    clips       GET    /api/clips                                the newest first
                GET    /api/clips/{clip_id}
                GET    /api/clips/{clip_id}/parts/{number}       sealed
                GET    /api/clips/{clip_id}/subs/{number}        sealed
                GET    /api/clips/{clip_id}/manifest             sealed
                GET    /api/clips/{clip_id}/still                sealed
                GET    /api/manifests                            many at once, sealed
                DELETE /api/clips/{clip_id}
    remarks     GET    /api/clips/{clip_id}/remark               sealed in the browser
                PUT    /api/clips/{clip_id}/remark
    feed        GET    /api/feed                                 hints to look again
    mailbox     GET    /api/mailbox/{path:path}                  signed in the browser, passed on unchanged
                DELETE /api/mailbox/{path:path}
    alerts      GET    /api/alerts
                PUT    /api/alerts/silence                       tell the devices when the hub falls silent, or stop
                PUT    /api/alerts/mqtt                          pictures to the broker, or not
                PUT    /api/alerts/mqtt/mode                     let MQTT change the mode, or not
                PUT    /api/alerts                               alert this browser
                DELETE /api/alerts
    giving      GET    /api/giving                               the programme, and everything ever given
                POST   /api/giving/invitation                    look at one, before joining
                PUT    /api/giving/programme                     join one
                DELETE /api/giving/programme                     leave it
    offers      GET    /api/giving/offers                        what is being prepared, or is ready
                POST   /api/giving/offers                        hide people in a clip
                GET    /api/giving/offers/{offer_id}             how far along it is
                GET    /api/giving/offers/{offer_id}/film        what would be given
                POST   /api/giving/offers/{offer_id}/covers      cover more of it
                DELETE /api/giving/offers/{offer_id}             do not give it
                POST   /api/giving/offers/{offer_id}/key         have a key made for it
                POST   /api/giving/offers/{offer_id}/consent     give it
    models      GET    /api/giving/models                        what hiding needs and is not here
                POST   /api/giving/models                        fetch it
    donations   GET    /api/giving/donations/{donation}/entries  what the log holds about it
                POST   /api/giving/donations/{donation}/withdrawal
                POST   /api/giving/donations/{donation}/asking      now, with what was signed
    log         GET    /api/giving/logs/{programme}/{path:path}  a programme's log, passed on

What a page sends ends in `Body` and refuses unknown fields. What it gets back is a frozen dataclass: a `Shape` made
here, a `Line` of the books, or a value of the room that answers; never a row.
web/shared/wire.ts is generated from them (scripts/wire.py).
"""

from __future__ import annotations

from fastapi import APIRouter

from nightlatch.hub.serve.routes import (
    alerts,
    cameras,
    clips,
    devices,
    donations,
    feed,
    giving,
    habits,
    home,
    household,
    log,
    mailbox,
    mode,
    models,
    offers,
    passphrase,
    remarks,
    segments,
    sheets,
    signin,
    timeline,
)

ROUTERS: tuple[APIRouter, ...] = tuple(
    noun.router
    for noun in (
        household,
        signin,
        passphrase,
        devices,
        home,
        mode,
        cameras,
        habits,
        timeline,
        segments,
        sheets,
        clips,
        remarks,
        feed,
        mailbox,
        alerts,
        giving,
        offers,
        models,
        donations,
        log,
    )
)
