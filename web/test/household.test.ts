import { beforeAll, describe, expect, test } from "vitest";
import { aboutHeld, listed } from "../owner/household/held";
import { base64Url, bytesOf, switched } from "../owner/household/push";
import { aboutSilence, canTell } from "../owner/household/telling";
import { changePassphrase, sheetBy } from "../owner/household/unlocking";
import { type Bytes, b64 } from "../shared/bytes";
import { fromWords, type Kdf, newRoot, stretch, unwrap, wrap } from "../shared/keys";
import type { ClipList } from "../shared/wire";
import { TableHub, UNREACHABLE, yes } from "./table";

const QUICK: Kdf = { alg: "argon2id", m_kib: 64, t: 1, p: 1, salt: b64(new Uint8Array(16)) };
const OLD = "a lamp in the hall";
const NEXT = "two lamps in the hall";

describe("the owner's key, unlocked once more", () => {
  let root: Bytes;
  let wrapped: string;
  let oldLogin: string;
  beforeAll(async () => {
    root = newRoot();
    const stretched = await stretch(OLD, QUICK);
    wrapped = await wrap(root, stretched.wrapKey);
    oldLogin = b64(stretched.loginKey);
  });
  const hub = () =>
    new TableHub({
      "GET /wrapped-root": [yes({ kdf: QUICK, wrapped_root: wrapped })],
      "POST /passphrase": [yes(undefined)],
    });
  const change = (next: string) => ({ old: OLD, next, kdf: QUICK });

  test("shows its words again", async () => {
    const sheet = await sheetBy(hub().doors, OLD);
    expect(sheet.ok && fromWords(sheet.value.words.join(" "))).toEqual(root);
    expect(sheet.ok && sheet.value.recipient).toMatch(/^age1/);
  });
  test("stays locked to another passphrase, and when the hub cannot be reached", async () => {
    expect(await sheetBy(hub().doors, "a lamp in the yard")).toMatchObject({ ok: false, kind: "broken" });
    expect(await sheetBy(new TableHub({}).doors, OLD)).toEqual(UNREACHABLE);
  });
  test("is locked with another passphrase, which then opens it", async () => {
    const table = hub();
    expect(await changePassphrase(table.doors, change(NEXT))).toMatchObject({ ok: true });
    const sent = table.bodies["POST /passphrase"] as { old_login_key: string; login_key: string; wrapped_root: string };
    expect(sent.old_login_key).toBe(oldLogin);
    const { wrapKey, loginKey } = await stretch(NEXT, QUICK);
    expect(sent.login_key).toBe(b64(loginKey));
    expect(await unwrap(sent.wrapped_root, wrapKey)).toEqual(root);
  });
  test("is not locked with a short one, and the hub is not even asked", async () => {
    const table = hub();
    const text = "The new passphrase needs at least 10 characters.";
    expect(await changePassphrase(table.doors, change("short"))).toMatchObject({ ok: false, text });
    expect(table.asked).toEqual([]);
  });
});

describe("what the mailbox holds", () => {
  const clip = (n: number) => ({ clip: String(n), created_ms: n, expires_ms: n, bytes: 1, objects: [] });
  const held = (clips: ClipList["clips"]): ClipList => ({ clips, used_bytes: 5e6, quota_bytes: 2e9, keep_hours: 24 });

  test("is listed newest first, six of them or all", () => {
    const eight = held(Array.from({ length: 8 }, (_, n) => clip(n)));
    expect(listed(eight, false).map((each) => each.created_ms)).toEqual([7, 6, 5, 4, 3, 2]);
    expect(listed(eight, true)).toHaveLength(8);
    expect(eight.clips[0]?.created_ms).toBe(0);
  });
  test("is counted", () => {
    expect(aboutHeld(held([clip(1)]))).toBe("1 clip, 5.0 MB of 2.0 GB; each is deleted after 24 hours.");
    expect(aboutHeld(held([clip(1), clip(2)]))).toMatch(/^2 clips, /);
  });
});

describe("alerts on this device", () => {
  test("are switched one verdict at a time, in one order", () => {
    expect(switched([], "routine", true)).toEqual(["routine"]);
    expect(switched(["routine"], "threat", true)).toEqual(["threat", "routine"]);
    expect(switched(["threat", "routine"], "threat", false)).toEqual(["routine"]);
  });
  test("write keys as push services read them", () => {
    const key = new Uint8Array([251, 255, 190, 1]);
    expect(base64Url(key.buffer)).toBe("-_--AQ");
    expect(bytesOf("-_--AQ")).toEqual(key);
    expect(base64Url(null)).toBe("");
  });
});

describe("that the hub fell silent", () => {
  const NOON = new Date(2026, 4, 2, 12).getTime();
  const well = { on: true, devices: 2, after_s: 300, renewed_ms: NOON, trouble: null, beside: false };

  test("needs a mailbox and a device", () => {
    expect(canTell(null)).toBe(false);
    expect(canTell({ ...well, devices: 0 })).toBe(false);
    expect(aboutSilence(null, NOON)).toContain("needs a mailbox");
    expect(aboutSilence({ ...well, devices: 0 }, NOON)).toContain("switch on an alert above first");
  });
  test("is told to so many, after so long, as last renewed", () => {
    const said = "2 devices are told after 5 minutes of silence. Last renewed 12:00.";
    expect(aboutSilence(well, NOON)).toBe(said);
    expect(aboutSilence({ ...well, on: false, renewed_ms: null }, NOON)).toBe("Off.");
    expect(aboutSilence({ ...well, renewed_ms: null }, NOON)).toContain("being set up");
    const away = aboutSilence({ ...well, trouble: "The mailbox cannot be reached." }, NOON);
    expect(away).toContain("The mailbox cannot be reached. Last renewed 12:00.");
  });
  test("is not promised by a mailbox that falls silent with the hub", () => {
    expect(aboutSilence({ ...well, beside: true }, NOON)).toContain("falls silent with it");
  });
});
