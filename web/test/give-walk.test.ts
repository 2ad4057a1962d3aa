// The whole way of giving one clip, against a hub that answers from a table.

import { resolveObjectURL } from "node:buffer";
import { describe, expect, test } from "vitest";
import type { Manifest } from "../owner/clips";
import { added, begun } from "../owner/give/covers";
import { type Doors, Giver, giverOf } from "../owner/give/giver";
import type { Choosing, Previewing } from "../owner/give/steps";
import { GONE } from "../owner/give/words";
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
const OFFER: Offer = {
  id: "o1",
  clip: "c1",
  onset_ms: 105_000,
  from_ms: 2000,
  to_ms: 27_000,
  began_ms: Date.UTC(2026, 10, 28),
  kept_until_ms: null,
  share: 0,
  problem: null,
  ready: false,
  sha256: null,
  report: null,
  covers: [],
};
const ANSWERS: Answers = {
  "GET /giving": [yes({ programme: PROGRAMME, programmes: [], given: [], witness: { key: "", vouched: null } })],
  "GET /giving/offers": [yes([])],
  "DELETE /giving/offers/o1": [yes(undefined)],
  "POST /giving/offers?clip=c1&from_ms=2000&to_ms=27000": [yes(OFFER)],
  "GET /giving/offers/o1/film": [yes({ bytes: FILM, headers: new Headers() })],
  "POST /giving/offers/o1/key": [yes({ donation: "d1" })],
  "POST /giving/offers/o1/consent": [yes({})],
};

const ready = async (film = FILM): Promise<{ ok: true; value: Offer }> => ({
  ok: true,
  value: {
    ...OFFER,
    share: 1,
    ready: true,
    kept_until_ms: Date.UTC(2026, 10, 28, 1),
    sha256: await hexSha256(film),
    report: { people: 3, share_covered: 0.2, share_grey: 0.15, share_drawn: 0.1 } as NonNullable<Offer["report"]>,
  },
});

interface Setting {
  wholeFilm?: Doors["wholeFilm"];
  place?: Uint8Array<ArrayBuffer>[];
  remembers?: boolean;
  rest?: Doors["rest"];
}

async function given(answers: Answers = {}, { wholeFilm, place = [], remembers = false, rest }: Setting = {}) {
  const asked = [yes({ ...OFFER, share: 0.5 }), await ready()];
  const hub = new TableHub({ ...ANSWERS, "GET /giving/offers/o1": asked, ...answers });
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
  const went: string[] = [];
  let isRemembered = remembers;
  const doors: Doors = {
    hub: hub.doors,
    manifest: () => Promise.resolve(yes(CLIP)),
    wholeFilm: wholeFilm ?? (() => Promise.resolve(yes(new Blob(["plain"])))),
    before: () => Promise.resolve(place),
    keys: () => ({ sign: pair.privateKey, signPublic: "b3duZXI=" }),
    nowMs: () => Date.UTC(2026, 10, 28),
    rest: rest ?? (() => Promise.resolve()),
    given: () => went.push("given"),
    dropped: (clip) => went.push(`clip ${clip}`),
    failedAway: ({ text }) => went.push(text),
    looked: () => {},
    remember: (_, isPrepared) => {
      isRemembered = isPrepared;
    },
    remembered: () => isRemembered,
  };
  const it = new Giver("c1", doors);
  return { it, hub, went, doors, verifyKey: pair.publicKey, isRemembered: () => isRemembered };
}

// As a player tells it: all of the film, at its own speed.
function play(it: Giver) {
  for (let atS = 0; atS <= 25; atS += 0.25) {
    it.watched({ atS, wallS: 100 + atS, rate: 1, isShown: true, isJump: false });
  }
}

function seen(it: Giver) {
  play(it);
  it.answer("nothing");
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
    seen(it);
    await it.sign();
    expect(hub.asked).toEqual([
      "GET /giving",
      "GET /giving/offers",
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

  test("how much of the clip is open is told, too", async () => {
    const wholeFilm: Doors["wholeFilm"] = (_, __, heard) => {
      heard(0.4);
      return Promise.resolve(yes(new Blob(["plain"])));
    };
    const { it } = await given({}, { wholeFilm });
    await it.open();
    const shares: unknown[] = [];
    it.at.subscribe((at) => at.step === "hiding" && at.doing === "opening" && shares.push(at.share));
    await it.hide();
    expect(shares).toEqual([null, 0.2, 0.7]);
  });

  test("more of the place goes behind it, with the length of each film", async () => {
    const at = "POST /giving/offers?clip=c1&from_ms=2000&to_ms=27000&lengths=5,6,3";
    const { it, hub } = await given({ [at]: [yes(OFFER)] }, { place: [utf8("before"), utf8("too")] });
    await it.open();
    await it.hide();
    expect(hub.bodies[at]).toEqual(utf8("plainbeforetoo"));
    expect(it.at.value.step).toBe("previewing");
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
    const { it, hub } = await given(
      {},
      { wholeFilm: () => Promise.resolve(broken("Part 2 of this clip is not what was recorded.")) },
    );
    await it.open();
    await it.hide();
    expect(it.at.value).toMatchObject({ step: "choosing", failure: { text: expect.stringContaining("Part 2") } });
    expect(hub.asked).toEqual(["GET /giving", "GET /giving/offers"]);
  });
});

describe("leaving the page", () => {
  test("stops nothing at the hub, and lets the film go", async () => {
    const { it, hub, isRemembered } = await given();
    await it.open();
    const hiding = it.hide();
    it.leave();
    await hiding;
    expect(hub.asked).toContain("POST /giving/offers?clip=c1&from_ms=2000&to_ms=27000");
    expect(hub.asked.some((line) => line.startsWith("DELETE"))).toBe(false);
    expect(isRemembered()).toBe(true);
    const { it: later } = await given();
    await later.open();
    await later.hide();
    const { url } = (later.at.value as Previewing).preview;
    expect(resolveObjectURL(url)).toBeDefined();
    later.leave();
    expect(resolveObjectURL(url)).toBeUndefined();
  });

  test("while the clip is still being opened does not begin it twice", async () => {
    let opened = (_: Blob) => {};
    const film = new Promise<Blob>((resolve) => {
      opened = resolve;
    });
    const { it, hub, doors } = await given({}, { wholeFilm: async () => yes(await film) });
    await it.open();
    const hiding = it.hide();
    it.leave();
    expect(giverOf("c1", doors)).toBe(it);
    await it.open();
    opened(new Blob(["plain"]));
    await hiding;
    expect(it.at.value.step).toBe("previewing");
    expect(hub.asked.filter((line) => line.startsWith("POST"))).toHaveLength(1);
    expect(giverOf("c1", doors)).not.toBe(it);
  });

  test("and failing meanwhile is said on another page", async () => {
    const { it, went } = await given({ "POST /giving/offers?clip=c1&from_ms=2000&to_ms=27000": [REFUSED] });
    await it.open();
    const hiding = it.hide();
    it.leave();
    await hiding;
    expect(went).toEqual([REFUSED.text]);
  });
});

describe("coming back", () => {
  test("while it is being prepared shows how far it is, and then the film", async () => {
    const { it, hub } = await given({ "GET /giving/offers": [yes([{ ...OFFER, share: 0.3 }])] });
    const shares: unknown[] = [];
    it.at.subscribe((at) => at.step === "hiding" && shares.push(at.share));
    await it.open();
    expect(shares).toEqual(expect.arrayContaining([0.3, 0.5]));
    expect(it.at.value.step).toBe("previewing");
    expect(hub.asked.some((line) => line.startsWith("POST"))).toBe(false);
  });

  test("when it is ready shows the film at once", async () => {
    const { value } = await ready();
    const { it } = await given({ "GET /giving/offers": [yes([value])] });
    await it.open();
    expect((it.at.value as Previewing).preview.bytes).toEqual(FILM);
  });

  test("when it failed says why, once", async () => {
    const { it, hub } = await given({ "GET /giving/offers": [yes([{ ...OFFER, problem: "Too dark." }])] });
    await it.open();
    expect((it.at.value as Choosing).failure?.text).toBe("Too dark.");
    expect(hub.asked).toContain("DELETE /giving/offers/o1");
  });

  test("to a hub that was restarted says that it is gone, once", async () => {
    const { it, isRemembered } = await given({}, { remembers: true });
    await it.open();
    expect(it.at.value).toMatchObject({ step: "choosing", note: GONE });
    expect(isRemembered()).toBe(false);
  });
});

describe("stopping", () => {
  test("ends it at the hub, and what comes later changes nothing", async () => {
    let goOn = () => {};
    const rest = () =>
      new Promise<void>((resolve) => {
        goOn = resolve;
      });
    const { it, hub } = await given({ "GET /giving/offers/o1": [await ready()] }, { rest });
    await it.open();
    const hiding = it.hide();
    await expect.poll(() => it.at.value).toMatchObject({ step: "hiding", doing: "hiding" });
    it.stop();
    expect(it.at.value).toMatchObject({ step: "choosing", failure: null });
    expect(hub.asked).toContain("DELETE /giving/offers/o1");
    goOn();
    await hiding;
    expect(it.at.value).toMatchObject({ step: "choosing", failure: null });
  });

  test("while the clip is still being opened drops it as soon as the hub has it", async () => {
    const { it, hub } = await given();
    await it.open();
    const hiding = it.hide();
    it.stop();
    await hiding;
    expect(it.at.value.step).toBe("choosing");
    expect(hub.asked.at(-1)).toBe("DELETE /giving/offers/o1");
  });

  test("not giving it lets the hub forget it and leads back to the clip", async () => {
    const { it, hub, went } = await given();
    await it.open();
    await it.hide();
    it.keep();
    expect(hub.asked.at(-1)).toBe("DELETE /giving/offers/o1");
    expect(went).toEqual(["clip c1"]);
  });
});

describe("covering more", () => {
  test("makes the film anew, and it is signed only after that was seen", async () => {
    const other = utf8("and the door plate is grey");
    const covers = added(begun([]));
    const after = await ready(other);
    const { it, hub, went } = await given({
      "GET /giving/offers/o1": [await ready(), after],
      "GET /giving/offers/o1/film": [
        yes({ bytes: FILM, headers: new Headers() }),
        yes({ bytes: other, headers: new Headers() }),
      ],
      "POST /giving/offers/o1/covers": [yes(OFFER)],
    });
    await it.open();
    await it.hide();
    play(it);
    it.answer("something");
    it.drawn(covers);
    await it.cover();
    expect(hub.bodies["POST /giving/offers/o1/covers"]).toEqual({ boxes: covers.boxes });
    expect((it.at.value as Previewing).preview.bytes).toEqual(other);
    await it.sign();
    expect(went).toEqual([]);
    seen(it);
    await it.sign();
    expect(went).toEqual(["given"]);
    const { consent } = hub.bodies["POST /giving/offers/o1/consent"] as { consent: { record: object } };
    expect(consent.record).toMatchObject({
      "dpv:hasProcess": { "dpv:hasPersonalData": { "nightlatch:sha256": await hexSha256(other) } },
    });
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
    seen(it);
    await it.sign();
    expect(it.at.value).toMatchObject({ step: "previewing", answer: "nothing", failure: { text: expect.any(String) } });
    expect(went).toEqual([]);
    await it.sign();
    expect(it.at.value).toEqual({ step: "given" });
  });

  test("two taps sign once", async () => {
    const { it, hub } = await given();
    await it.open();
    await it.hide();
    seen(it);
    await Promise.all([it.sign(), it.sign()]);
    expect(hub.asked.filter((line) => line.endsWith("/consent"))).toHaveLength(1);
  });
});
