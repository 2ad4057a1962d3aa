// Signing in, by passphrase and with the recovery sheet.

import { beforeAll, describe, expect, test } from "vitest";
import { judge } from "../owner/judge";
import { after, at, entry, secondsLeft } from "../owner/signin/entry";
import { countOf, mended, recovery, slips } from "../owner/signin/recovery";
import type { Failure } from "../shared/api";
import { type Bytes, joined, unb64, utf8 } from "../shared/bytes";
import { type Kdf, newRoot, signingPublic, unwrap, words, wrap } from "../shared/keys";
import { type Answers, REFUSED, TableHub, UNREACHABLE, yes } from "./table";

const PASSPHRASE = "a lamp in the hall at night";
const KDF = { alg: "argon2id" } as Kdf;
const WAIT: Failure = { ok: false, kind: "refused", text: "Too many tries.", status: 429, retryAfterS: 30 };
const root = newRoot();
let wrapped: string;

// Stretching is slow on purpose; here a passphrase gives its key at once.
const stretch = async (passphrase: string) => {
  const wrapKey = new Uint8Array(32).fill(passphrase.length);
  return { wrapKey, loginKey: utf8(passphrase) };
};

beforeAll(async () => {
  wrapped = await wrap(root, (await stretch(PASSPHRASE)).wrapKey);
});

function unlocking(failure?: Failure) {
  const unlocked: Bytes[] = [];
  const unlock = async (key: Bytes) => {
    if (failure) return failure;
    unlocked.push(key);
    return yes(undefined);
  };
  return { unlocked, unlock };
}

describe("by passphrase", () => {
  function entering(answers: Answers = {}, failure?: Failure) {
    const hub = new TableHub({
      "GET /login": [yes({ kdf: KDF })],
      "POST /login": [yes({ wrapped_root: wrapped })],
      ...answers,
    });
    const { unlocked, unlock } = unlocking(failure);
    const way = entry({ hub: hub.doors, stretch, deviceName: "Chrome on Linux", nowMs: () => 5000, unlock });
    return { way, hub, unlocked };
  }

  test("the hub is asked how to stretch it, gets the login key, and gives the wrapped root", async () => {
    const { way, hub, unlocked } = entering();
    await way.enter(PASSPHRASE);
    expect(hub.asked).toEqual(["GET /login", "POST /login"]);
    expect(hub.bodies["POST /login"]).toMatchObject({ device_name: "Chrome on Linux" });
    expect(unlocked).toEqual([root]);
    expect(way.now.value).toEqual({ is: "asking", failure: null });
  });

  test("a root that does not open is not the household's", async () => {
    const { way, unlocked } = entering();
    await way.enter("not the passphrase");
    expect(way.now.value).toMatchObject({ failure: { text: expect.stringContaining("not the passphrase") } });
    expect(unlocked).toEqual([]);
  });

  test.each([
    ["how to stretch it", { "GET /login": [UNREACHABLE] }],
    ["for the root", { "POST /login": [UNREACHABLE] }],
  ] as [string, Answers][])("a hub that cannot be asked %s says so", async (_, answers) => {
    const { way } = entering(answers);
    await way.enter(PASSPHRASE);
    expect(way.now.value).toEqual({ is: "asking", failure: UNREACHABLE });
  });

  test("what fails while unlocking is told", async () => {
    const { way } = entering({}, UNREACHABLE);
    await way.enter(PASSPHRASE);
    expect(way.now.value).toEqual({ is: "asking", failure: UNREACHABLE });
  });

  test("after too many tries there is a wait, during which nothing is asked", async () => {
    const { way, hub } = entering({ "POST /login": [WAIT] });
    await way.enter(PASSPHRASE);
    await way.enter(PASSPHRASE);
    expect(hub.asked).toHaveLength(2);
    expect(secondsLeft(way.now.value, 5000)).toBe(30);
    expect(at(way.now.value, 34_999)).toMatchObject({ is: "waiting", failure: WAIT });
    expect(at(way.now.value, 35_000)).toEqual({ is: "asking", failure: null });
    expect(after({ ...WAIT, retryAfterS: undefined }, 0)).toMatchObject({ untilMs: 1000 });
  });

  test("two taps try once", async () => {
    const { way, hub } = entering();
    await Promise.all([way.enter(PASSPHRASE), way.enter(PASSPHRASE)]);
    expect(hub.asked).toHaveLength(2);
  });
});

describe("with the recovery sheet", () => {
  function recovering(answers: Answers = {}) {
    const hub = new TableHub({
      "GET /recovery": [yes({ challenge: "Y2hhbGxlbmdl" })],
      "POST /recovery": [yes(undefined)],
      ...answers,
    });
    const { unlocked, unlock } = unlocking();
    const way = recovery({
      hub: hub.doors,
      stretch: async (passphrase) => ({ kdf: KDF, stretched: await stretch(passphrase) }),
      judge,
      deviceName: "Chrome on Linux",
      unlock,
    });
    return { way, hub, unlocked };
  }
  const twice = (passphrase: string, repeat = passphrase) => ({ passphrase, repeat, known: [] });
  const sheet = words(root).join(" ");

  test("its key answers the challenge, and the root is wrapped anew", async () => {
    const { way, hub, unlocked } = recovering();
    await way.recover(` ${sheet.toUpperCase()} `, twice(PASSPHRASE));
    const body = hub.bodies["POST /recovery"] as Record<string, string>;
    const key = await crypto.subtle.importKey("raw", unb64(await signingPublic(root)), "Ed25519", false, ["verify"]);
    const said = joined([utf8("nightlatch recovery v1\n"), utf8("challenge")]);
    expect(await crypto.subtle.verify("Ed25519", key, unb64(body.signature!), said)).toBe(true);
    expect(await unwrap(body.wrapped_root!, (await stretch(PASSPHRASE)).wrapKey)).toEqual(root);
    expect(unlocked).toEqual([root]);
  });

  test("wrong words and a short passphrase ask the hub nothing", async () => {
    const { way, hub } = recovering();
    await way.recover("abandon", twice(PASSPHRASE));
    expect(way.now.value).toMatchObject({ failure: { text: expect.stringContaining("24 words") } });
    await way.recover(sheet, twice("short"));
    expect(way.now.value).toMatchObject({ failure: { text: expect.stringContaining("at least 10") } });
    await way.recover(sheet, twice(PASSPHRASE, "a lamp in the hall"));
    expect(way.now.value).toMatchObject({ failure: { text: expect.stringContaining("differ") } });
    expect(hub.asked).toEqual([]);
  });

  test("a challenge that is too old, or a hub that is gone, can be tried again", async () => {
    const { way, unlocked } = recovering({ "POST /recovery": [REFUSED, yes(undefined)] });
    await way.recover(sheet, twice(PASSPHRASE));
    expect(way.now.value).toEqual({ is: "asking", failure: REFUSED });
    await way.recover(sheet, twice(PASSPHRASE));
    expect(unlocked).toEqual([root]);
  });

  test("a word that is still being typed is not wrong yet, and a slip can be mended", () => {
    expect(slips("abandon abandn")).toEqual([]);
    const [slip] = slips("abandon abandn ");
    expect(slip).toMatchObject({ index: 1, word: "abandn", maybe: "abandon" });
    expect(mended("abandon abandn ability", 1, "abandon")).toBe("abandon abandon ability");
    expect(countOf("  abandon   ability ")).toBe(2);
  });
});
