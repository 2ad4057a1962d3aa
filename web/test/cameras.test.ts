import { describe, expect, test } from "vitest";
import { aboutEye, aboutLooks, aboutReceiving, aboutStream } from "../owner/cameras/eye";
import { changesOf, settingsOf, withoutAddresses } from "../owner/cameras/settings";
import { wantsSite } from "../owner/cameras/sites";
import {
  aboutFound,
  adding,
  asked,
  BLANK,
  canAdd,
  canTry,
  failed,
  patience,
  tried,
  trying,
} from "../owner/cameras/trial";
import { broken } from "../shared/api";
import type { Camera, Home, ProbeSuccess } from "../shared/wire";

const NOON = new Date(2026, 4, 2, 12).getTime();

describe("a camera on its way into the house", () => {
  const porch = { ...BLANK, name: "Porch", url: "rtsp://porch/stream" };
  const probe: ProbeSuccess = {
    ok: true,
    width: 1920,
    height: 1080,
    fps: 24.9,
    gop_s: 2,
    audio: null,
    codecs: "avc1.640028",
    notes: [],
    receiver: "nightlatch",
    still: "",
  };

  test("can be tried with an address, and added with a name as well", () => {
    expect([canTry(BLANK), canAdd(BLANK)]).toEqual([false, false]);
    expect([canTry({ ...BLANK, url: "rtsp://porch" }), canAdd({ ...BLANK, url: "rtsp://porch" })]).toEqual([
      true,
      false,
    ]);
    expect([canTry(porch), canAdd(porch)]).toEqual([true, true]);
    expect([canTry(trying(porch)), canAdd(adding(porch))]).toEqual([false, false]);
  });
  test("is found, or says why it cannot be recorded", () => {
    expect(tried(trying(porch), { ok: true, value: probe })).toMatchObject({ busy: null, found: probe, failure: null });
    const text = "Nothing listens at this address.";
    const refused = tried(trying(porch), { ok: true, value: { ok: false, reason: "refused", text } });
    expect(refused).toMatchObject({ busy: null, found: null, failure: { text } });
    expect(tried(trying(porch), broken("No hub."))).toMatchObject({ busy: null, failure: { text: "No hub." } });
  });
  test("forgets what was found and what went wrong when it is tried again", () => {
    const before = { ...failed(porch, broken("No.")), found: probe, picture: "blob:1" };
    expect(trying(before)).toMatchObject({ found: null, picture: null, failure: null });
  });
  test("says where it is, unless that is left for later", () => {
    expect(asked({ ...porch, site: "front_door" })).toMatchObject({ site: "front_door" });
    expect(asked(porch)).not.toHaveProperty("site");
    const own = { site: null, enabled: true, demo: false };
    expect(wantsSite(own)).toBe(true);
    expect(wantsSite({ ...own, site: "street" })).toBe(false);
    expect(wantsSite({ ...own, enabled: false })).toBe(false);
    expect(wantsSite({ ...own, demo: true })).toBe(false);
  });
  test("asks for a second stream only if there is one", () => {
    expect(asked(porch)).toEqual({ name: "Porch", url: "rtsp://porch/stream", transport: "tcp" });
    expect(asked({ ...porch, sub: "rtsp://porch/low" })).toMatchObject({ sub_url: "rtsp://porch/low" });
  });
  test("says what it sends", () => {
    expect(aboutFound(probe)).toBe("It works: 1920×1080, 25 pictures a second, a key frame every 2 s, no sound.");
    expect(aboutFound({ ...probe, width: 640, height: 360, fps: null, gop_s: null, audio: "aac" })).toBe(
      "It works: 640×360, sound aac.",
    );
  });
  test("explains a wait once it is long", () => {
    expect(patience(2)).toBeNull();
    expect(patience(3)).toContain("waiting for a whole picture");
    expect(patience(12)).toContain("after 12 s");
  });
});

describe("the settings of a camera", () => {
  const camera = { name: "Porch", transport: "udp", quota_bytes: 5e9, demo: false } as Camera;

  test("come from it and go back to it", () => {
    const settings = settingsOf(camera);
    expect(settings).toEqual({ name: "Porch", url: "", sub: "", transport: "udp", quotaGb: "5" });
    expect(changesOf(settings, camera)).toEqual({ name: "Porch", transport: "udp", quota_bytes: 5e9 });
  });
  test("keep an address that is left empty, and drop a limit", () => {
    const settings = { ...settingsOf(camera), url: "rtsp://new", quotaGb: "" };
    expect(changesOf(settings, camera)).toEqual({
      name: "Porch",
      transport: "udp",
      quota_bytes: null,
      url: "rtsp://new",
    });
    expect(withoutAddresses(settings).url).toBe("");
  });
  test("of a demo camera have no stream", () => {
    expect(changesOf(settingsOf(camera), { demo: true })).toEqual({ name: "Porch", quota_bytes: 5e9 });
  });
});

describe("how a camera is received", () => {
  test("names what takes its stream, what it waits for and what is left out", () => {
    const notes = ["Its sound (G.726) is left out, because browsers do not play it."];
    expect(aboutReceiving({ receiver: "nightlatch", notes, waits_for_key: true })).toEqual([
      "It is connected; recording goes on with its next key frame.",
      "Received by Nightlatch itself.",
      ...notes,
    ]);
    expect(aboutReceiving({ receiver: "ffmpeg", notes: [], waits_for_key: false })).toEqual(["Received by FFmpeg."]);
    expect(aboutReceiving({ receiver: null, notes: [], waits_for_key: false })).toEqual([]);
  });
});

describe("what looks", () => {
  const home = (looking: Home["looking"]) => ({ eye: "eye", looking }) as Home;

  const well = { blind_since_ms: null, chosen: "both", coming_percent: null, coming_text: null, lacks: [] } as const;
  const now = (change: Partial<NonNullable<Home["looking"]>>, eye: Home["eye"] = "ssd") =>
    aboutEye({ eye, looking: { ...well, lacks: [], ...change } } as Home, NOON);

  test("says what it cannot see, and what it learnt from", () => {
    expect(aboutEye(home(null), NOON)).toMatch(
      /^The built-in eye looks .* it recognises no one\. It learnt .* agreed to\.$/,
    );
    expect(now({}, "both")).toMatch(/^Three networks .* recognises no one\. It learnt .* never asked\.$/);
    expect(now({}, "own")).toMatch(/its makers must tell you\.$/);
  });
  test("says what is still being downloaded and what that costs, and how long it has been blind", () => {
    const said = now({ blind_since_ms: NOON, coming_percent: 20, lacks: ["yolox_nano"] });
    expect(said).toContain("far away or in infrared light: YOLOX is being downloaded, 20 % so far.");
    expect(said).toMatch(/It has been blind since 12.00: everything is recorded, but nothing is recognised\.$/);
  });
  test("says what could not be downloaded, and how to bring it", () => {
    const why = "yolox_nano could not be downloaded. Run: nightlatch models fetch yolox_nano --from FILE";
    expect(now({ coming_percent: 0, coming_text: why, lacks: ["yolox_nano"] })).toContain(`YOLOX is not here. ${why}`);
    expect(now({ chosen: "own", coming_text: "mine.onnx does not fit." })).toMatch(
      /cannot be used\. mine\.onnx .* fit\.$/,
    );
  });
  test("says why another one stands in when nothing is lacking", () => {
    const said = now({ coming_text: "LiteRT is not installed. Run: make page" }, "eye");
    expect(said).toMatch(/stands in for another one for now\. LiteRT is not installed\. Run: make page$/);
  });
  test("says what set-up could not bring", () => {
    expect(now({ lacks: ["pose_detection"] }, "both")).toMatch(/lie, kneel or crouch: .* Run make models /);
    expect(now({ lacks: ["ssd_oidv4", "pose_detection"] }, "eye").match(/make models/g)).toHaveLength(1);
  });
  test("says once what a small eye misses, whether it was chosen or stands in", () => {
    expect(now({ chosen: "ssd" }).match(/infrared/g)).toHaveLength(1);
    expect(now({ coming_text: "GitHub is away.", lacks: ["yolox_nano"] }).match(/infrared/g)).toHaveLength(1);
  });
  test("says how it keeps up", () => {
    expect(aboutLooks({ since_ms: NOON, looked: 0, passed_over: 0 }, NOON)).toMatch(
      /not been needed here since 12.00\.$/,
    );
    expect(aboutLooks({ since_ms: NOON, looked: 1, passed_over: 3 }, NOON)).toMatch(
      /looked at 1 picture .* skipped 3 /,
    );
  });
});

test("a stream is named by its size", () => {
  expect(aboutStream({ width: 1280, height: 720, fps: 14.6 })).toBe("1280×720 at 15");
  expect(aboutStream({ width: null, height: null, fps: null })).toBeNull();
});
