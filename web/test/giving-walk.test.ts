// The giving page against a hub that answers from a table: reading the log, joining, leaving, taking back.

import { beforeAll, describe, expect, test } from "vitest";
import { donor } from "../owner/giving/donor";
import { readingOf, type There } from "../owner/giving/steps";
import type { Failure } from "../shared/api";
import { type Bytes, b64, unb64, utf8 } from "../shared/bytes";
import { canonical, commitment, dayTag, logKey } from "../shared/consent";
import type { Contradiction } from "../shared/log";
import { hubMemory, inMemory, logMemory } from "../shared/memory";
import type { Donation, Programme } from "../shared/wire";
import { type Answers, REFUSED, TableHub, UNREACHABLE, yes } from "./table";
import { leafOf, type TinyLog, tinyLog, tinyWriter, type Writer } from "./tiny-log";

const NOW_MS = Date.UTC(2026, 10, 28, 12);
const SALT = utf8("0123456789abcdef");
const GIVEN = {
  id: "d1",
  programme_id: "p1",
  consent_sha256: "ab",
  given_ms: NOW_MS - 300_000,
  arrived_ms: NOW_MS - 300_000,
  not_taken: null,
  withdrawn_ms: null,
  is_signed: false,
  refused_ms: null,
} as Donation;
const TAKEN_BACK: Donation = { ...GIVEN, withdrawn_ms: NOW_MS, refused_ms: NOW_MS, shred_by_ms: NOW_MS + 60_000 };
type Json = Parameters<typeof canonical>[0];
const WITHDRAWAL = "POST /giving/donations/d1/withdrawal";

let keys: CryptoKeyPair;
let leaf: Bytes;
let claim: unknown;
let writer: Writer;
let log: TinyLog;

beforeAll(async () => {
  keys = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
  const event = { donation: "d1" };
  const tag = b64(await dayTag(await logKey(keys.privateKey), NOW_MS));
  leaf = leafOf("view.open", NOW_MS - 121_000, tag, await commitment(SALT, event));
  const sealed_event = b64(utf8(JSON.stringify({ event, salt: b64(SALT) })));
  claim = { kind: "view.open", leaf: b64(leaf), index: 0, due_ms: null, sealed_event };
  writer = await tinyWriter();
  log = await writer.write([leaf], NOW_MS - 4 * 60_000);
});

function donations(...given: Donation[]) {
  const programme = { id: "p1", name: "P", policy: log.policy } as Programme;
  return yes({ programme, programmes: [programme], given, witness: { key: log.hub, vouched: null } });
}

const file = (bytes: Bytes) => yes({ bytes, headers: new Headers() });

// The files of a log, as the hub passes them on.
const shown = ({ files }: TinyLog, programme = "p1"): Answers =>
  Object.fromEntries([...files].map(([path, raw]) => [`GET /giving/logs/${programme}/${path}`, [file(raw)]]));

// What the browser keeps over a reload.
class Kept {
  asking: string | null = null;
  readonly vouching = hubMemory(inMemory());
}

// How often the page rests before it is left is what ends a watch.
function giving(answers: Answers, rests = 0, memory = logMemory(inMemory()), kept = new Kept()) {
  const hub = new TableHub({
    "GET /giving": [donations(GIVEN)],
    ...shown(log),
    "GET /giving/donations/d1/entries": [yes({ entries: [claim] })],
    ...answers,
  });
  const said: string[] = [];
  const it = donor({
    hub: hub.doors,
    keys: () => ({ sign: keys.privateKey, signPublic: "b3duZXI=" }),
    open: async (sealed) => yes(sealed),
    nowMs: () => NOW_MS,
    browserMs: () => NOW_MS,
    memory,
    vouching: kept.vouching,
    rest: async () => {
      if (rests-- <= 0) it.leave();
    },
    takenBack: () => said.push("taken back"),
    asking: { get: () => kept.asking, set: (donation) => (kept.asking = donation) },
  });
  const reading = (programme = "p1") => readingOf(it.at.value as There, { programme });
  return { it, hub, said, reading };
}

describe("reading the log", () => {
  test("every entry is read and held against the whole log", async () => {
    const { it, reading } = giving({});
    await it.watch();
    expect(reading()).toMatchObject({ is: "proven", unclaimed: { looks: 0 } });
    expect(reading()).toMatchObject({ entries: { d1: [{ kind: "view.open", proof: { is: "proven", index: 0 } }] } });
  });

  test("a look that the programme keeps to itself is found", async () => {
    const { it, reading } = giving({ "GET /giving/donations/d1/entries": [yes({ entries: [] })] });
    await it.watch();
    expect(reading()).toMatchObject({ is: "withheld", unclaimed: { looks: 1, labels: 0 } });
  });
});

describe("what is new in the log", () => {
  test("a look of a moment ago may still be mentioned; one that is dated in the future is found at once", async () => {
    for (const [atMs, is] of [
      [NOW_MS - 120_000, "proven"],
      [NOW_MS + 121_000, "withheld"],
    ] as const) {
      const tag = b64(await dayTag(await logKey(keys.privateKey), atMs));
      const recent = await writer.write([leafOf("view.open", atMs, tag, SALT)], NOW_MS);
      const claims = { "GET /giving/donations/d1/entries": [yes({ entries: [] })] };
      const { it, reading } = giving({ ...shown(recent), ...claims });
      await it.watch();
      expect(reading().is).toBe(is);
    }
  });

  test("an entry that the log does not show yet is on its way", async () => {
    const { it, reading } = giving({ ...shown(await writer.write([], NOW_MS)) });
    await it.watch();
    expect(reading()).toMatchObject({ is: "proven", entries: { d1: [{ proof: { is: "faulty" } }] } });
    const early = giving({ ...shown(await writer.write([], NOW_MS - 120_000)) });
    await early.it.watch();
    expect(early.reading()).toMatchObject({ is: "proven", entries: { d1: [{ proof: { is: "coming" } }] } });
  });

  test("a log that grew while it was read is read again at once", async () => {
    const before = file((await writer.write([leaf, utf8("more")], NOW_MS)).checkpoint);
    const gone: Failure = { ok: false, kind: "refused", text: "The log has no such file.", status: 404 };
    const { it, reading } = giving({
      "GET /giving/logs/p1/checkpoint": [before, file(log.checkpoint)],
      "GET /giving/logs/p1/tile/0/000.p/2": [gone],
      "GET /giving/logs/p1/tile/0/000": [gone],
    });
    await it.ask();
    expect(reading().is).toBe("proven");
  });

  test("while nothing changes only the checkpoint is asked again", async () => {
    const { it, hub } = giving({}, 2);
    await it.watch();
    const again = hub.asked.slice(hub.asked.lastIndexOf("GET /giving/donations/d1/entries") + 1);
    expect(again.filter((line) => line !== "GET /giving")).toEqual(Array(2).fill("GET /giving/logs/p1/checkpoint"));
  });
});

describe("what cannot be read", () => {
  test("entries that are not those of the checkpoint prove nothing", async () => {
    const other = await tinyLog([utf8("another entry")], NOW_MS);
    const { it, reading } = giving({ "GET /giving/logs/p1/tile/entries/000.p/1": [file(other.entries)] });
    await it.watch();
    expect(reading()).toMatchObject({
      is: "unproven",
      failure: { text: expect.stringContaining("cosigned"), isFault: true },
    });
  });

  test("it is read again and again, and mends itself", async () => {
    const { it, reading } = giving({ "GET /giving/logs/p1/checkpoint": [UNREACHABLE, file(log.checkpoint)] }, 1);
    const was: string[] = [];
    it.at.subscribe((at) => {
      const reading = at.is === "there" ? readingOf(at, { programme: "p1" }).is : null;
      if (reading && reading !== was.at(-1)) was.push(reading);
    });
    await it.watch();
    expect(was).toEqual(["reading", "unproven", "proven"]);
    expect(reading().is).toBe("proven");
  });

  test("a hub that does not answer is asked again", async () => {
    const { it, reading } = giving({ "GET /giving": [UNREACHABLE, donations(GIVEN)] }, 1);
    const was: string[] = [];
    it.at.subscribe((at) => was.push(at.is));
    await it.watch();
    expect(was.slice(0, 3)).toEqual(["asking", "unknown", "there"]);
    expect(reading().is).toBe("proven");
  });

  test("a keeper that does not answer proves nothing", async () => {
    const { it, reading } = giving({ "GET /giving/donations/d1/entries": [UNREACHABLE] });
    await it.watch();
    expect(reading()).toMatchObject({ is: "unproven", failure: UNREACHABLE, entries: {} });
  });

  test("a keeper that says nothing of what was given a moment ago takes nothing from the rest", async () => {
    const fresh = { ...GIVEN, id: "d2", given_ms: NOW_MS - 5000, arrived_ms: null } as Donation;
    const entries = "GET /giving/donations/d2/entries";
    const { it, hub, reading } = giving({ "GET /giving": [donations(fresh, GIVEN)], [entries]: [UNREACHABLE] }, 1);
    await it.watch();
    expect(reading()).toMatchObject({ is: "proven", entries: { d1: [{ proof: { is: "proven" } }], d2: [] } });
    expect(hub.asked.filter((line) => line === entries)).toHaveLength(2); // it is asked again until it answers
    const old = giving({ "GET /giving": [donations({ ...fresh, given_ms: NOW_MS - 121_000 }, GIVEN)] });
    await old.it.watch();
    expect(old.reading()).toMatchObject({ is: "unproven", failure: UNREACHABLE });
  });

  test("no log is read while nothing is given", async () => {
    const { it, hub } = giving({ "GET /giving": [donations()] }, 2);
    await it.watch();
    expect(new Set(hub.asked)).toEqual(new Set(["GET /giving"]));
  });
});

describe("several programmes", () => {
  const other = { ...GIVEN, id: "d2", programme_id: "p2" } as Donation;
  const both = () => {
    const programmes = ["p1", "p2"].map((id) => ({ id, name: id, policy: log.policy }) as Programme);
    return yes({
      programme: programmes[0],
      programmes,
      given: [GIVEN, other],
      witness: { key: log.hub, vouched: null },
    });
  };

  test("have a log each, and one that is away takes nothing from another", async () => {
    const { it, reading } = giving({ "GET /giving": [both()] });
    await it.ask();
    await expect.poll(() => reading("p1").is).not.toBe("reading");
    await expect.poll(() => reading("p2").is).toBe("unproven");
    expect(reading("p1")).toMatchObject({ is: "proven", entries: { d1: [{ proof: { is: "proven" } }] } });
  });

  test("are told of as they come: one that never answers keeps no other waiting", async () => {
    const { it, hub, reading } = giving({ "GET /giving": [both()] }, 1);
    const { sealed } = hub.doors;
    hub.doors.sealed = (path) => (path.includes("/p2/") ? new Promise(() => {}) : sealed(path));
    await it.watch();
    expect([reading("p1").is, reading("p2").is]).toEqual(["proven", "reading"]);
  });

  test("a gift to one that is not known any more proves nothing", async () => {
    const { it, reading } = giving({ "GET /giving": [donations({ ...GIVEN, programme_id: null })] });
    await it.watch();
    expect(reading("")).toMatchObject({ is: "unproven", failure: { text: expect.stringContaining("Join") } });
  });
});

describe("the household's own hub", () => {
  test("must vouch for the log", async () => {
    const { it, reading } = giving({ ...shown(await writer.write([leaf], NOW_MS, { hubMs: null })) });
    await it.watch();
    expect(reading()).toMatchObject({ is: "unvouched", by: { lacks: "ever" } });
  });

  test("with another key than before is not believed until the owner says that it is a new one", async () => {
    const kept = new Kept();
    await kept.vouching.keep("another key");
    const { it, reading } = giving({}, 0, logMemory(inMemory()), kept);
    await it.ask();
    expect(reading()).toMatchObject({ is: "unvouched", by: { was: "another key", now: log.hub } });
    await it.reader.trust(log.hub);
    await it.ask();
    expect(reading().is).toBe("proven");
  });
});

describe("a log that is old", () => {
  const written = (log: TinyLog) => ({ "GET /giving/logs/p1/checkpoint": [file(log.checkpoint)] });

  test("says since when, and proves nothing", async () => {
    const { it, reading } = giving(written(await writer.write([leaf], NOW_MS - 601_000)));
    await it.watch();
    expect(reading()).toMatchObject({ is: "stale", last: { by: 1, at_s: NOW_MS / 1000 - 601 }, maxAgeS: 600 });
  });

  test("is judged by this browser's clock, whatever the hub's says", async () => {
    const { it, reading } = giving(written(await writer.write([leaf], Date.UTC(2020, 0, 1))));
    await it.watch();
    expect(reading()).toMatchObject({ is: "stale", last: { at_s: Date.UTC(2020, 0, 1) / 1000 } });
  });

  test("that was confirmed in the future proves nothing either", async () => {
    const { it, reading } = giving(written(await writer.write([leaf], NOW_MS + 121_000)));
    await it.watch();
    expect(reading()).toMatchObject({ is: "stale", last: null });
  });

  test("and becomes fresh is believed again", async () => {
    const old = file((await writer.write([leaf], NOW_MS - 601_000)).checkpoint);
    const { it, reading } = giving({ "GET /giving/logs/p1/checkpoint": [old, file(log.checkpoint)] }, 1);
    await it.watch();
    expect(reading()).toMatchObject({ is: "proven", log: { confirmed: { by: 1, at_s: NOW_MS / 1000 - 240 } } });
  });
});

describe("a log that contradicts what this browser saw", () => {
  const seen = async (answers: Answers, memory = logMemory(inMemory())) => {
    await giving({}, 0, memory).it.watch();
    const { it, reading } = giving(answers, 0, memory); // as after a reload
    await it.watch();
    return { reading: reading(), memory };
  };
  test("with another tree of one size is a fork, though nobody cosigned it", async () => {
    const { reading } = await seen(shown(await writer.write([utf8("other")], null)));
    expect(reading).toMatchObject({ is: "contradicted", by: { why: "fork", known: { size: 1 } } });
  });

  test("in a longer tree is a fork", async () => {
    const { reading } = await seen(shown(await writer.write([utf8("other"), leaf], NOW_MS)));
    expect(reading).toMatchObject({ is: "contradicted", by: { why: "fork" } });
    expect((reading as { by: Contradiction }).by.evidence.split("\n----\n\n")).toHaveLength(3);
  });

  test("with fewer entries went back", async () => {
    const { reading } = await seen(shown(await writer.write([], NOW_MS)));
    expect(reading).toMatchObject({ is: "contradicted", by: { why: "rollback" } });
  });

  test("by a fork is never believed again, whatever it shows", async () => {
    const { memory } = await seen(shown(await writer.write([utf8("other")], NOW_MS)));
    const { it, reading } = giving({}, 0, memory);
    await it.watch();
    expect(reading()).toMatchObject({ is: "contradicted", by: { why: "fork" } });
  });

  test("by a rollback is believed again once it continues", async () => {
    const { memory } = await seen(shown(await writer.write([], NOW_MS)));
    const { it, reading } = giving(shown(await writer.write([leaf, utf8("more")], NOW_MS)), 0, memory);
    await it.watch();
    expect(reading()).toMatchObject({ is: "proven", log: { parts: [{ tree: { size: 2 } }] } });
  });

  test("leaves the entries in sight", async () => {
    const other = file((await writer.write([utf8("other")], NOW_MS)).checkpoint);
    const { it, reading } = giving({ "GET /giving/logs/p1/checkpoint": [file(log.checkpoint), other] }, 1);
    await it.watch();
    expect(reading()).toMatchObject({ is: "contradicted", entries: { d1: [{ kind: "view.open" }] } });
  });
});

const ASKED: Donation = { ...GIVEN, withdrawn_ms: NOW_MS, is_signed: true };
const ASKING = "POST /giving/donations/d1/asking";

describe("taking it back", () => {
  test("the owner signs the withdrawal of this consent, and the page asks where it stands", async () => {
    const { it, hub, said } = giving({
      "GET /giving": [donations(GIVEN), donations(TAKEN_BACK)],
      [WITHDRAWAL]: [yes(TAKEN_BACK)],
    });
    await it.ask();
    hub.asked.length = 0;
    await it.takeBack(GIVEN);
    expect(hub.asked.slice(0, 2)).toEqual([WITHDRAWAL, "GET /giving"]);
    const { record, signature } = hub.bodies[WITHDRAWAL] as { record: Json; signature: string };
    expect(record).toMatchObject({ "dct:identifier": "d1", "nightlatch:consent": "ab" });
    expect(record).toMatchObject({ "dpv:hasConsentStatus": "dpv:ConsentWithdrawn" });
    const signed = utf8(canonical(record));
    expect(await crypto.subtle.verify("Ed25519", keys.publicKey, unb64(signature), signed)).toBe(true);
    expect(it.at.value).toMatchObject({ withdrawal: { is: "idle" }, donations: { given: [TAKEN_BACK] } });
    expect(said).toEqual(["taken back"]);
  });

  test("nothing is said to be taken back before the programme has answered", async () => {
    const { it, said } = giving({ "GET /giving": [donations(GIVEN), donations(ASKED)], [WITHDRAWAL]: [yes(ASKED)] });
    await it.ask();
    await it.takeBack(GIVEN);
    expect(it.at.value).toMatchObject({ withdrawal: { is: "idle" }, donations: { given: [ASKED] } });
    expect(said).toEqual([]);
  });

  test("what is signed is not signed again: the hub asks once more", async () => {
    const { it, hub, said } = giving({ "GET /giving": [donations(ASKED)], [ASKING]: [yes(ASKED), yes(TAKEN_BACK)] });
    await it.ask();
    await it.takeBack(ASKED);
    expect(said).toEqual([]);
    await it.takeBack(ASKED);
    expect(hub.asked.filter((line) => line.startsWith("POST"))).toEqual([ASKING, ASKING]);
    expect(hub.bodies[ASKING]).toBeUndefined();
    expect(said).toEqual(["taken back"]);
  });

  test("how far it is comes anew with each round", async () => {
    const { it } = giving({ "GET /giving": [donations(ASKED), donations(TAKEN_BACK)] }, 1);
    await it.watch();
    expect(it.at.value).toMatchObject({ donations: { given: [TAKEN_BACK] } });
  });
});

describe("taking it back, when something is in the way", () => {
  test.each([
    ["the hub refuses", REFUSED],
    ["the hub goes away", UNREACHABLE],
  ])("it is not said to be taken back when %s, and it can be sent again", async (_, no) => {
    const { it, said } = giving({ [WITHDRAWAL]: [no, yes(TAKEN_BACK)] });
    await it.ask();
    await it.takeBack(GIVEN);
    expect(it.at.value).toMatchObject({ withdrawal: { is: "failed", donation: "d1", failure: no } });
    expect(said).toEqual([]);
    await it.takeBack(GIVEN);
    expect(it.at.value).toMatchObject({ withdrawal: { is: "idle" } });
    expect(said).toEqual(["taken back"]);
  });

  test("two taps send one withdrawal", async () => {
    const { it, hub } = giving({ [WITHDRAWAL]: [yes(TAKEN_BACK)] });
    await it.ask();
    await Promise.all([it.takeBack(GIVEN), it.takeBack(GIVEN)]);
    expect(hub.asked.filter((line) => line === WITHDRAWAL)).toHaveLength(1);
  });

  test("leaving the page at once stops no withdrawal", async () => {
    const { it, hub, said } = giving({ [WITHDRAWAL]: [yes(TAKEN_BACK)] });
    await it.ask();
    const sending = it.takeBack(GIVEN);
    it.leave();
    await sending;
    expect(hub.asked).toContain(WITHDRAWAL);
    expect(said).toEqual(["taken back"]);
  });

  test("the question whether to take it back survives a reload", () => {
    const kept = new Kept();
    giving({}, 0, undefined, kept).it.wonder("d1");
    const reloaded = giving({}, 0, undefined, kept).it;
    expect(reloaded.asking.value).toBe("d1");
    reloaded.wonder(null);
    expect(giving({}, 0, undefined, kept).it.asking.value).toBeNull();
  });
});

describe("the programme", () => {
  test("is joined with its invitation, and the page asks again", async () => {
    const { it, hub } = giving({ "PUT /giving/programme": [yes(undefined)], "GET /giving": [donations()] });
    expect((await it.join("{}")).ok).toBe(true);
    expect(hub.asked).toEqual(["PUT /giving/programme", "GET /giving"]);
    expect(hub.bodies["PUT /giving/programme"]).toEqual({ invitation: "{}" });
  });

  test("an invitation that is refused says why, and nothing else is asked", async () => {
    const { it, hub } = giving({ "PUT /giving/programme": [REFUSED] });
    expect(await it.join("rubbish")).toBe(REFUSED);
    expect(hub.asked).toEqual(["PUT /giving/programme"]);
  });

  test("once it is left, looks cannot be proven", async () => {
    const left = yes({ programme: null, programmes: [], given: [GIVEN], witness: { key: log.hub, vouched: null } });
    const { it, reading } = giving({ "DELETE /giving/programme": [yes(undefined)], "GET /giving": [left] });
    await it.leaveProgramme();
    expect(reading()).toMatchObject({ is: "unproven", failure: { text: expect.stringContaining("Join") } });
  });
});
