// The whole way of giving one clip, against a hub that answers from a table.

import { resolveObjectURL } from "node:buffer";
import { describe, expect, test } from "vitest";
import type { Manifest } from "../owner/clips";
import { type Doors, giver } from "../owner/give/giver";
import type { Choosing, Previewing } from "../owner/give/steps";
import { broken } from "../shared/api";
import { unb64, utf8 } from "../shared/bytes";
import { canonical, hexSha256 } from "../shared/consent";
import type { Offer, Programme } from "../shared/wire";
import { type Answers, REFUSED, TableHub, UNREACHABLE, yes } from "./table";

const CLIP = { began_ms: 100_000, onset_ms: 105_000, ended_ms: 130_000, camera_name: "Yard" } as Manifest;
const PROGRAMME: Programme = {
  id: "p1",
  name: "P",
  url: "u",
  key: "cHJvZ3JhbW1l",
  words: "w",
  policy: "",
  notice: "Ask.",
  language: "en",
};
const FILM = utf8("everybody is drawn in this film");
const OFFER: Offer = { id: "o1", share: 0, problem: null, ready: false, sha256: null, report: null };
const ANSWERS: Answers = {
  "GET /giving": [yes({ programme: PROGRAMME, programmes: [], given: [], witness: { key: "", vouched: null } })],
  "POST /giving/offers?clip=c1&from_ms=2000&to_ms=27000": [yes(OFFER)],
  "GET /giving/offers/o1/film": [yes({ bytes: FILM, headers: new Headers() })],
  "POST /giving/offers/o1/key": [yes({ donation: "d1" })],
  "POST /giving/offers/o1/consent": [yes({})],
};

const ready = async () =>
  yes({
    ...OFFER,
    share: 1,
    ready: true,
    sha256: await hexSha256(FILM),
    report: { people: 3, share_covered: 0.2, share_grey: 0.15, share_drawn: 0.1 },
  });

async function given(
  answers: Answers = {},
  wholeFilm: Doors["wholeFilm"] = () => Promise.resolve(yes(new Blob(["plain"]))),
) {
  const asked = [yes({ ...OFFER, share: 0.5 }), await ready()];
  const hub = new TableHub({ ...ANSWERS, "GET /giving/offers/o1": asked, ...answers });
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
  const went: string[] = [];
  const it = giver("c1", {
    hub: hub.doors,
    manifest: () => Promise.resolve(yes(CLIP)),
    wholeFilm,
    keys: () => ({ sign: pair.privateKey, signPublic: "b3duZXI=" }),
    nowMs: () => Date.UTC(2026, 10, 28),
    rest: () => Promise.resolve(),
    given: () => went.push("given"),
  });
  return { it, hub, went, verifyKey: pair.publicKey };
}

describe("the way through", () => {
  test("hide, play, sign: in this order, over exactly the bytes that were played", async () => {
    const { it, hub, went, verifyKey } = await given();
    await it.open();
    await it.hide();
    expect((it.at.value as Previewing).preview.bytes).toEqual(FILM);
    expect((it.at.value as Previewing).preview.covered).toEqual({ all: 0.2, grey: 0.15, drawn: 0.1 });
    await it.sign();
    expect(hub.asked).not.toContain("POST /giving/offers/o1/key");
    it.played();
    await it.sign();
    expect(hub.asked).toEqual([
      "GET /giving",
      "POST /giving/offers?clip=c1&from_ms=2000&to_ms=27000",
      "GET /giving/offers/o1",
      "GET /giving/offers/o1",
      "GET /giving/offers/o1/film",
      "POST /giving/offers/o1/key",
      "POST /giving/offers/o1/consent",
    ]);
    expect(it.at.value).toEqual({ step: "given" });
    expect(went).toEqual(["given"]);
    const { consent } = hub.bodies["POST /giving/offers/o1/consent"] as {
      consent: { record: Parameters<typeof canonical>[0]; signature: string };
    };
    expect(consent.record).toMatchObject({
      "dct:identifier": "d1",
      "dpv:hasDataController": PROGRAMME.key,
      "dpv:hasNotice": { "nightlatch:sha256": await hexSha256(utf8("Ask.")) },
      "dpv:hasProcess": { "dpv:hasPersonalData": { "nightlatch:sha256": await hexSha256(FILM) } },
      "dpv:isIndicatedAtTime": "2026-11-28T00:00:00.000Z",
    });
    const signature = unb64(consent.signature);
    expect(await crypto.subtle.verify("Ed25519", verifyKey, signature, utf8(canonical(consent.record)))).toBe(true);
  });

  test("the opened clip goes to the hub, and how far it is is told", async () => {
    const { it, hub } = await given();
    await it.open();
    const shares: unknown[] = [];
    it.at.subscribe((at) => at.step === "hiding" && shares.push(at.share));
    await it.hide();
    expect(hub.bodies["POST /giving/offers?clip=c1&from_ms=2000&to_ms=27000"]).toEqual(utf8("plain"));
    expect(shares).toContain(0.5);
  });
});

describe("what can go wrong while people are being hidden", () => {
  test("a film that is not the announced one is never shown", async () => {
    const other = yes({ bytes: utf8("another film"), headers: new Headers() });
    const { it } = await given({ "GET /giving/offers/o1/film": [other] });
    await it.open();
    await it.hide();
    expect(it.at.value).toMatchObject({ step: "choosing", failure: { text: expect.stringContaining("not the one") } });
  });

  test.each<[string, Answers, string]>([
    ["the hub cannot hide people", { "GET /giving/offers/o1": [yes({ ...OFFER, problem: "Too dark." })] }, "Too dark."],
    ["the hub goes away", { "GET /giving/offers/o1": [UNREACHABLE] }, UNREACHABLE.text],
    ["the film is missing", { "GET /giving/offers/o1/film": [yes(null)] }, "missing"],
  ])("the choice stands when %s", async (_, answers, text) => {
    const { it } = await given(answers);
    await it.open();
    await it.hide();
    expect(it.at.value.step).toBe("choosing");
    expect((it.at.value as Choosing).failure?.text).toContain(text);
  });

  test("a part that is not what was recorded is not handed to the hub", async () => {
    const { it, hub } = await given({}, () => Promise.resolve(broken("Part 2 of this clip is not what was recorded.")));
    await it.open();
    await it.hide();
    expect(it.at.value).toMatchObject({ step: "choosing", failure: { text: expect.stringContaining("Part 2") } });
    expect(hub.asked).toEqual(["GET /giving"]);
  });

  test("leaving the page ends it quietly, and lets the film go", async () => {
    const { it } = await given();
    await it.open();
    const hiding = it.hide();
    it.leave();
    await hiding;
    expect(it.at.value.step).toBe("hiding");
    const { it: later } = await given();
    await later.open();
    await later.hide();
    const { url } = (later.at.value as Previewing).preview;
    expect(resolveObjectURL(url)).toBeDefined();
    later.leave();
    expect(resolveObjectURL(url)).toBeUndefined();
  });
});

describe("what can go wrong while signing", () => {
  test.each<[string, Answers]>([
    ["the keeper is unreachable", { "POST /giving/offers/o1/key": [REFUSED, yes({ donation: "d1" })] }],
    ["the consent is refused (422)", { "POST /giving/offers/o1/consent": [REFUSED, yes({})] }],
    ["the hub goes away", { "POST /giving/offers/o1/consent": [UNREACHABLE, yes({})] }],
  ])("nothing is given when %s, and it can be signed again", async (_, answers) => {
    const { it, went } = await given(answers);
    await it.open();
    await it.hide();
    it.played();
    await it.sign();
    expect(it.at.value).toMatchObject({ step: "previewing", isPlayed: true, failure: { text: expect.any(String) } });
    expect(went).toEqual([]);
    await it.sign();
    expect(it.at.value).toEqual({ step: "given" });
  });

  test("two taps sign once", async () => {
    const { it, hub } = await given();
    await it.open();
    await it.hide();
    it.played();
    await Promise.all([it.sign(), it.sign()]);
    expect(hub.asked.filter((line) => line.endsWith("/consent"))).toHaveLength(1);
  });
});
