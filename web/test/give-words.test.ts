// What the page says of a clip on its way, in plain words.

import { describe, expect, test } from "vitest";
import type { Track } from "../owner/findings";
import {
  besides,
  eventOf,
  fetchInWords,
  happened,
  hid,
  inWords,
  leftInWords,
  leftMs,
  lineOf,
  news,
  quietestS,
} from "../owner/give/words";
import type { Manifest } from "../shared/manifest";
import type { Kind, Offer } from "../shared/wire";

const FROM = 1_000_000;
const TO = FROM + 25_000;

let last = 0;
// Something that is seen twice a second between two seconds of the stretch.
function track(kind: Kind, fromS: number, toS: number): Track {
  const count = (toS - fromS) * 2 + 1;
  const path = Array.from({ length: count }, (_, i): Track["path"][number] => [
    FROM + fromS * 1000 + i * 500,
    0,
    0,
    1,
    1,
  ]);
  return { id: ++last, kind, score: 0.9, path };
}
const told = (...tracks: Track[]) => ({ tracks, fromMs: FROM, toMs: TO });

describe("what a reviewer could tell", () => {
  test.each<[string, Track[]]>([
    ["something moved", []],
    ["something moved", [track("motion", 3, 9)]],
    ["somebody came and went", [track("person", 5, 15)]],
    ["somebody came", [track("person", 5, 25)]],
    ["somebody left", [track("person", 0, 9)]],
    ["somebody was there", [track("person", 0, 25)]],
    ["two people came and went", [track("person", 5, 15), track("person", 9, 18)]],
    ["somebody came and went", [track("person", 3, 6), track("person", 12, 18)]], // perhaps the same
    ["somebody came and went and a dog was there", [track("person", 5, 15), track("dog", 0, 25)]],
    ["a cat came and went", [track("cat", 5, 15)]],
    [
      "somebody came, a dog was there and two vehicles were there",
      [track("person", 9, 25), track("dog", 0, 25), track("vehicle", 0, 25), track("vehicle", 0, 25)],
    ],
  ])("%s", (words, tracks) => {
    expect(happened(told(...tracks))).toBe(words);
  });

  test("says first how much of the place is to be seen", () => {
    const two = told(track("person", 5, 15), track("person", 9, 18));
    const at = (all: number) => inWords({ all, grey: all, drawn: 0.08 }, two).replaceAll("\u00a0", " ");
    expect(at(0.2)).toBe(
      "Most of the place is to be seen; a reviewer could tell that two people came and went. " +
        "20 % of the picture is grey, 8 % is drawings.",
    );
    expect(at(0.45)).toContain("Some of the place is to be seen; a reviewer could tell that two people");
    expect(at(0.7)).toContain("Little to see: a reviewer could tell that two people came and went, and hardly more.");
    expect(at(0.9)).toContain("Little to see: a reviewer could tell that something moved.");
  });
});

test("the picture to ask about is the first one with the fewest drawings before the place", () => {
  expect(quietestS(told())).toBe(0);
  expect(quietestS(told(track("person", 0, 10), track("motion", 0, 25)))).toBeGreaterThan(10);
  expect(quietestS(told(track("person", 5, 25)))).toBe(0);
});

test("what hiding found and what else is covered is put into words", () => {
  expect(hid(0)).toContain("Nobody was found");
  expect(hid(1)).toContain("once");
  expect(hid(81)).toContain("81 times");
  expect(besides(0, 0)).toBe("");
  expect(besides(1, 0)).toBe("One place that looked like writing or a screen is covered.");
  expect(besides(3, 2)).toBe("3 places that looked like writing or screens are covered. You covered 2 places.");
});

test("how long it will take is told at the pace since it had begun, once that can be told", () => {
  const first = { share: 0.02, atMs: 10_000 }; // ten seconds went by before anything was looked at
  const left = (share: number, atMs: number) => leftInWords(leftMs(first, { share, atMs }));
  expect(left(0.02, 10_000)).toBe("");
  expect(left(0.06, 14_000)).toBe("");
  expect(left(0.5, 22_000)).toBe("about 15 seconds left");
  expect(left(0.12, 40_000)).toBe("about 4 minutes left");
  expect(left(0.97, 60_000)).toBe("about 5 seconds left");
  expect(left(1, 70_000)).toBe("");
});

test("what happened is marked where things were seen, else between what comes before and after an event", () => {
  const clip = { began_ms: FROM, onset_ms: FROM + 5000, ended_ms: TO, still: null, judgement: null } as Manifest;
  expect(eventOf(clip)).toEqual({ fromMs: 5000, toMs: 15_000, bestMs: null });
  const judgement = { tracks: [track("person", 6, 12)] } as NonNullable<Manifest["judgement"]>;
  const still = { sha256: "", bytes: 1, at_ms: FROM + 8000 };
  expect(eventOf({ ...clip, judgement, still })).toEqual({ fromMs: 6000, toMs: 12_000, bestMs: 8000 });
  expect(eventOf({ ...clip, still: { ...still, at_ms: TO + 1 } }).bestMs).toBe(null);
});

test("the button names the size of what can be fetched", () => {
  const model = { name: "m", licence: "l", what: "w", how_to_get: "h" };
  const missing = [
    { ...model, bytes: 3_660_092, can_be_fetched: true },
    { ...model, bytes: 9_000_000, can_be_fetched: false },
  ];
  expect(fetchInWords({ missing, share: null, problem: null })).toBe("Fetch what hiding needs (3.7 MB)");
});

describe("leading back to what is being prepared", () => {
  const AT = new Date(2026, 10, 28, 14, 3).getTime();
  const offer = { id: "o1", clip: "c1", onset_ms: AT, ready: false, problem: null, kept_until_ms: null } as Offer;
  const until = AT + 40 * 60_000; // it was ready ten minutes after
  const ready = { ...offer, ready: true, kept_until_ms: until };

  test("a line says what it is doing, until when it is kept, or that it failed", () => {
    expect(lineOf(offer).text).toBe("People are being hidden in the clip of 14:03. You will be told when it is ready.");
    expect(lineOf(ready)).toEqual({
      text: "People are hidden in the clip of 14:03. It is kept until 14:43.",
      link: "Look at it",
    });
    expect(lineOf({ ...ready, ready: false, problem: "Too dark." }).link).toBe("See why");
  });

  test("whoever is on another page is called once, when it is fresh", () => {
    const soon = AT + 10 * 60_000 + 5000;
    expect(news([ready], "/timeline", soon, new Set())).toEqual([ready]);
    expect(news([ready], "/timeline", soon, new Set(["o1"]))).toEqual([]);
    expect(news([offer], "/timeline", soon, new Set())).toEqual([]);
    expect(news([ready], "/timeline", soon + 120_000, new Set())).toEqual([]);
    for (const here of ["/", "/give/c1", "/clip/c1"]) expect(news([ready], here, soon, new Set())).toEqual([]);
  });
});
