// One clip: how it is opened and played, and what is said of it.

import { describe, expect, test } from "vitest";
import { beganOf, choose, type Happening, neighbours, next, type Showing, wish } from "../owner/clip/showing";
import { type Doors, Viewer } from "../owner/clip/viewer";
import { canBeGiven, facts, fileName, inSmaller, judgement } from "../owner/clip/words";
import { findingOf } from "../owner/findings";
import { whyNot } from "../owner/player";
import { broken, type Result } from "../shared/api";
import { type Bytes, utf8 } from "../shared/bytes";
import { type Manifest, partsOf } from "../shared/manifest";
import type { Clip, Verdict } from "../shared/wire";
import { TableHub, UNREACHABLE, yes } from "./table";

const GONE = { ok: false, kind: "refused", text: "The mailbox has no such thing.", status: 404 } as const;
const part = (n: number) => ({ n, sha256: "", bytes: 1, began_ms: 0, duration_ms: 1 });
const ONSET = new Date(2026, 10, 28, 7, 5, 9).getTime();
const OVER: Manifest = {
  household: "h",
  camera: "c",
  event: "e1",
  camera_name: "Front / yard",
  onset_ms: ONSET,
  began_ms: ONSET - 5000,
  ended_ms: ONSET + 16_000,
  codecs: "avc1",
  width: 1280,
  height: 720,
  fps: 14.9,
  audio: null,
  sub: null,
  parts: [part(0), part(1)],
  still: null,
  judgement: null,
  eye: null,
};
const GROWING: Manifest = { ...OVER, ended_ms: null, parts: [part(0)] };
const ROW = { id: "c1", event_id: "e1", open: true, bytes: 5_700_000, parts: 30, sent_parts: 2 } as Clip;

describe("what is shown", () => {
  const steps = (...all: Happening[]) => all.reduce(next, { is: "opening" } as Showing);

  test("facts may grow, and the poster stays", () => {
    const shown = steps({ is: "read", facts: GROWING }, { is: "still", url: "blob:1" }, { is: "read", facts: OVER });
    expect(shown).toEqual({ is: "shown", facts: OVER, poster: "blob:1" });
  });

  test("what fails stays failed, with the facts that were known", () => {
    const no = broken("no");
    const stopped = steps({ is: "read", facts: OVER }, { is: "failed", failure: no });
    expect(stopped).toEqual({ is: "stopped", failure: no, facts: OVER });
    expect(next(stopped, { is: "read", facts: OVER })).toBe(stopped);
    expect(steps({ is: "failed", failure: no })).toMatchObject({ facts: null });
  });
});

// A viewer whose doors write down what happens; `pieces` are the parts that come, one list for each asking.
function viewing(doors: Partial<Doors> = {}, manifests: Result<Manifest>[] = [yes(OVER)]) {
  const log: string[] = [];
  const hub = new TableHub({ manifest: manifests });
  const viewer = new Viewer("c1", {
    begin: () => {},
    listed: () => null,
    row: async () => yes(ROW),
    manifest: () => hub.ask("manifest"),
    still: async () => yes(utf8("jpeg")),
    parts: async function* (_, of, from) {
      for (let n = from; n < of.parts.length; n++) yield yes(utf8(`part ${n}`)) as Result<Bytes>;
    },
    screen: async (codecs) => {
      log.push(`play ${codecs}`);
      return yes({
        append: async (piece) => yes(void log.push(new TextDecoder().decode(piece))),
        begin: (atS) => atS > 0 && log.push(`from ${atS}`),
        shown: async () => {},
        end: () => log.push("end"),
        close: () => log.push("close"),
      });
    },
    plays: () => true,
    pictureUrl: () => "blob:poster",
    rest: async () => void log.push("rest"),
    ...doors,
  });
  return { viewer, log };
}

const SUB = { codecs: "avc1.42e01e", width: 640, height: 360, parts: [{ ...part(0), began_ms: ONSET - 4600 }] };
const LARGE: Manifest = { ...OVER, codecs: "hvc1.1.6.L153.B0", sub: SUB };
const onlyH264 = (codecs: string) => codecs.startsWith("avc1");

describe("a clip in H.265", () => {
  const streams: Partial<Doors> = {
    plays: onlyH264,
    parts: async function* (_, of, from, stream) {
      const count = partsOf(of, stream).length;
      for (let n = from; n < count; n++) yield yes(utf8(`${stream} ${n}`)) as Result<Bytes>;
    },
  };

  test("is played as it is where the browser can", async () => {
    const { viewer, log } = viewing({ ...streams, plays: () => true }, [yes(LARGE)]);
    await viewer.watch();
    expect(log).toEqual(["play hvc1.1.6.L153.B0", "main 0", "main 1", "end"]);
    expect(viewer.stream.value).toBe("main");
  });

  test("is played from the second stream where the browser cannot", async () => {
    const { viewer, log } = viewing(streams, [yes(LARGE)]);
    await viewer.watch();
    expect(log).toEqual(["play avc1.42e01e", "sub 0", "end"]);
    expect(viewer.stream.value).toBe("sub");
    expect(beganOf(LARGE, "sub")).toBe(ONSET - 4600);
    expect(beganOf(LARGE, "main")).toBe(ONSET - 5000);
    expect(inSmaller(SUB)).toContain("640×360");
  });

  test("goes on with the second stream while it grows", async () => {
    const begun = { ...LARGE, ended_ms: null, sub: { ...SUB, parts: [] } };
    const { viewer, log } = viewing(streams, [yes(begun), yes({ ...begun, sub: SUB }), yes(LARGE)]);
    await viewer.watch();
    expect(log).toEqual(["play avc1.42e01e", "rest", "sub 0", "rest", "end"]);
  });

  test("without a second stream that plays, it is the main one that the browser is asked for", () => {
    expect(choose({ ...LARGE, sub: null }, onlyH264)).toBe("main");
    expect(choose({ ...LARGE, sub: { ...SUB, codecs: "hvc1.1.6.L90.B0" } }, onlyH264)).toBe("main");
    expect(choose(LARGE, onlyH264)).toBe("sub");
  });

  test("a browser that plays none of it is told which do, and what to do", () => {
    expect(whyNot("hvc1.1.6.L153.B0,mp4a.40.2")).toMatch(/H\.265.*Safari.*Chrome, Edge and Firefox.*H\.264/);
    expect(whyNot("av01.0.05M.08")).toMatch(/av01.*Download/);
  });
});

describe("the way to the end of a clip", () => {
  test("a clip that is over is played part by part and ended", async () => {
    const { viewer, log } = viewing();
    await viewer.watch();
    expect(log).toEqual(["play avc1", "part 0", "part 1", "end"]);
    expect(viewer.at.value).toEqual({ is: "shown", facts: OVER, poster: "blob:poster" });
    viewer.leave();
    expect(log.at(-1)).toBe("close");
  });

  test("a clip that is going on is followed, and no part comes twice", async () => {
    const { viewer, log } = viewing({}, [yes(GROWING), yes(GROWING), yes(OVER)]);
    await viewer.watch();
    expect(log).toEqual(["play avc1", "part 0", "rest", "rest", "part 1", "end"]);
  });

  test("a clip that the hub closed without an end is ended after its last part", async () => {
    const { viewer, log } = viewing({ row: async () => yes({ ...ROW, open: false }) }, [yes(GROWING)]);
    await viewer.watch();
    expect(log).toEqual(["play avc1", "part 0", "rest", "end"]);
  });

  test("a clip that is not the one its name says is not played", async () => {
    const { viewer, log } = viewing({ row: async () => yes({ ...ROW, event_id: "e2" }) });
    await viewer.watch();
    expect(viewer.at.value).toMatchObject({ is: "stopped", facts: null, failure: { kind: "broken" } });
    expect(log).toEqual([]);
  });

  test("a clip that only the mailbox has is played without the hub's word for it", async () => {
    const { viewer, log } = viewing({ row: async () => GONE });
    await viewer.watch();
    expect(log.at(-1)).toBe("end");
  });

  test.each([
    ["is deleted", [GONE], "deleted or has expired"],
    ["cannot be asked for", [UNREACHABLE], UNREACHABLE.text],
    ["is deleted while it is played", [yes(GROWING), GONE], "deleted or has expired"],
  ] as [string, Result<Manifest>[], string][])("a clip that %s says so", async (_, manifests, text) => {
    const { viewer } = viewing({}, manifests);
    await viewer.watch();
    expect(viewer.at.value).toMatchObject({ is: "stopped", failure: { text: expect.stringContaining(text) } });
  });

  test("a part that was swapped stops the film, and a browser that cannot play says so", async () => {
    const swapped = broken("Part 1 of this clip is not what was recorded.");
    const { viewer, log } = viewing({
      parts: async function* () {
        yield swapped;
      },
    });
    await viewer.watch();
    expect(viewer.at.value).toMatchObject({ is: "stopped", failure: swapped, facts: OVER });
    expect(log).not.toContain("end");
    const other = viewing({ screen: async () => broken("This browser cannot play it.") });
    await other.viewer.watch();
    expect(other.viewer.at.value).toMatchObject({ failure: { text: "This browser cannot play it." } });
  });

  test("leaving the page ends it quietly", async () => {
    const { viewer, log } = viewing({}, [yes(GROWING)]);
    const watching = viewer.watch();
    viewer.leave();
    await watching;
    expect(viewer.at.value).toEqual({ is: "opening" });
    expect(log).toEqual([]);
  });
});

describe("what is asked for, and when", () => {
  test("what a list said of it is not asked again, but it must be of the same event", async () => {
    const asked: string[] = [];
    const row = async () => yes(void asked.push("row")) as unknown as Result<Clip>;
    const { viewer } = viewing({ listed: () => ({ ...ROW, open: false }), row });
    await viewer.watch();
    expect([viewer.at.value.is, asked]).toEqual(["shown", []]);
    const other = viewing({ listed: () => ({ ...ROW, event_id: "e2" }) });
    await other.viewer.watch();
    expect(other.viewer.at.value).toMatchObject({ is: "stopped", failure: { kind: "broken" } });
  });

  test("nothing else is asked for before its first picture is shown", async () => {
    const asked: string[] = [];
    let show = () => {};
    const { viewer } = viewing({
      screen: async () =>
        yes({
          append: async (piece) => yes(void asked.push(new TextDecoder().decode(piece))),
          begin: () => {},
          shown: () => new Promise<void>((done) => (show = done)),
          end: () => {},
          close: () => {},
        }),
      still: async () => yes(void asked.push("still") as unknown as null),
    });
    void viewer.begun.then(() => asked.push("the rest"));
    const watching = viewer.watch();
    await new Promise((resolve) => setTimeout(resolve));
    expect(asked).toEqual(["part 0"]);
    show();
    await watching;
    expect(asked.toSorted()).toEqual(["part 0", "part 1", "still", "the rest"]);
  });

  test("a clip that does not open lets the rest of the page go on", async () => {
    const { viewer } = viewing({}, [broken("no")]);
    await viewer.watch();
    await viewer.begun;
  });
});

describe("where a clip is shown from", () => {
  test("a clip that begins long before its event is shown from shortly before that", async () => {
    const { viewer, log } = viewing({}, [yes({ ...OVER, began_ms: OVER.onset_ms - 85_000 })]);
    await viewer.watch();
    expect(log).toEqual(["play avc1", "part 0", "from 80", "part 1", "end"]);
  });
});

describe("what is said of a clip", () => {
  test("how it was judged", () => {
    const judged = (verdict: Verdict, threat: number): Manifest => {
      return { ...OVER, eye: "eye", judgement: { verdict, threat, reasons: [], kinds: [], tracks: [] } };
    };
    expect(judgement(findingOf(judged("threat", 0.934)))).toBe(
      "Judged threat at home by the built-in eye, with a chance of 93 % that it is a threat.",
    );
    expect(judgement(findingOf(judged("routine", 0.001)))).toContain("less than 1 %");
    expect(judgement(findingOf(judged("help", 0.3)))).toBe(
      "Judged at home by the built-in eye: somebody may need help.",
    );
    expect(judgement(findingOf(OVER))).toContain("Not judged");
  });

  test("its facts, as far as they are known", () => {
    expect(facts(OVER, undefined, true).map(([name]) => name)).toEqual(["When", "How long", "Picture", "Sound"]);
    expect(facts(OVER, ROW, true).slice(2)).toEqual([
      ["Picture", "1280×720, 15 frames a second"],
      ["Sound", "None"],
      ["Sealed size", "5.7 MB"],
      ["Mailbox outside", "2 of 30 parts so far"],
    ]);
    expect(facts(OVER, null, true).at(-1)).toEqual(["Comes from", "The mailbox outside: it is gone at home"]);
    expect(facts(OVER, ROW, false).at(-1)![0]).toBe("Sealed size");
    expect(facts(OVER, ROW, true, true, true).at(-1)).toEqual([
      "Mailbox outside",
      "Clips of demo cameras stay at home",
    ]);
    expect(facts(GROWING, ROW, false)[1]).toEqual(["How long", "Still going on"]);
  });

  test("the name of its file, which no system stumbles over", () => {
    expect(fileName(OVER)).toBe("Front  yard 2026-11-28-07-05-09.mp4");
    expect(fileName({ ...OVER, audio: "pcm_alaw" })).toMatch(/\.mov$/);
  });

  test("it can be given once it is over and has 20 seconds", () => {
    expect([canBeGiven(OVER), canBeGiven(GROWING), canBeGiven({ ...OVER, ended_ms: 20_999 })]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

test("neighbours are told from a list whose newest comes first", () => {
  const clips = ["c3", "c2", "c1"].map((id) => ({ id }) as Clip);
  expect(neighbours(clips, "c2")).toEqual({ earlier: "c1", later: "c3" });
  expect(neighbours(clips, "c3")).toEqual({ earlier: "c2", later: undefined });
  expect(neighbours(clips, "c9")).toEqual({});
});

test("keys play, step and turn to the neighbours; those of the browser stay the browser's", () => {
  const press = (key: string, held = {}) =>
    wish({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...held });
  expect([" ", "ArrowLeft", "ArrowRight", "x"].map((key) => press(key))).toEqual(["play", "back", "on", null]);
  expect(press("ArrowLeft", { shiftKey: true })).toBe("earlier");
  expect(press("ArrowRight", { shiftKey: true })).toBe("later");
  expect(press("ArrowLeft", { altKey: true })).toBeNull();
});
