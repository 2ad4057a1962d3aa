import { describe, expect, it } from "vitest";
import { boxesAt, placeAt, toneOf, trailsAt } from "../owner/clip/boxes";
import type { Finding, Place, Track } from "../owner/findings";

const path: Place[] = [
  [1000, 0, 0, 0.2, 0.2],
  [2000, 0.4, 0, 0.6, 0.2],
  [9000, 0.9, 0, 1, 0.2],
];
const track = (id: number, kind: Track["kind"], way: Place[] = path): Track => ({ id, kind, score: 0.9, path: way });

describe("where a thing was", () => {
  it("is between two sightings", () => expect(placeAt(path, 1500)?.place[1]).toBeCloseTo(0.2));
  it("is nowhere long before, after and in a long gap", () => {
    expect(placeAt(path, 100)).toBeNull();
    expect(placeAt(path, 5000)).toBeNull();
    expect(placeAt(path, 20_000)).toBeNull();
  });
  it("is where it was last seen for a moment", () => expect(placeAt(path, 2300)?.place[1]).toBe(0.4));
  it("is nowhere before it was seen, not even a little", () => {
    expect(placeAt(path, 999)).toBeNull();
    expect(placeAt(path, 8800)).toBeNull();
  });
});

describe("the boxes of a moment", () => {
  const strength = (at: number, still = false) => boxesAt([track(1, "person")], at, still)[0]?.strength ?? 0;

  it("fade once a thing is no longer seen, and do not vanish", () => {
    expect([strength(2000), strength(2400)]).toEqual([1, 1]);
    expect(strength(2800)).toBeCloseTo(0.5);
    expect(strength(3100)).toBeCloseTo(0.125);
    expect(strength(3200)).toBe(0);
  });
  it("go at once for somebody who prefers less motion", () => {
    expect([strength(2700, true), strength(2900, true)]).toEqual([1, 0]);
  });
  it("are one for each thing, and none for plain motion where something has a name", () => {
    const shown = (tracks: Track[], at = 1500) => boxesAt(tracks, at).map(({ track: { id } }) => id);
    expect(shown([track(1, "person"), track(2, "motion"), track(3, "cat")])).toEqual([1, 3]);
    expect(shown([track(2, "motion")])).toEqual([2]);
    const late = track(1, "person", [[6000, 0, 0, 1, 1]]);
    expect(shown([late, track(2, "motion")])).toEqual([]);
  });
  it("have a trail of the last steps only, up to where the thing is", () => {
    const boxes = boxesAt([track(1, "person")], 1500);
    const line = trailsAt(boxes, 1500)[0]?.line ?? [];
    expect(line).toHaveLength(2);
    expect(line[0]).toEqual([0.1, 0.2]);
    expect(line[1]?.[0]).toBeCloseTo(0.3);
    const long: Place[] = Array.from({ length: 60 }, (_, s) => [s * 1000, 0, 0, 0.2, 0.2]);
    expect(trailsAt(boxesAt([track(1, "cat", long)], 50_000), 50_000)[0]?.line).toHaveLength(13);
  });
  it("take the colour of the verdict on people only, where there are any", () => {
    const of = { verdict: "threat", tracks: [track(1, "person"), track(2, "cat")] } as Finding;
    expect([toneOf("person", of), toneOf("cat", of)]).toEqual(["threat", "routine"]);
    expect(toneOf("vehicle", { ...of, verdict: "unsure", tracks: [track(2, "vehicle")] })).toBe("unsure");
    expect(toneOf("motion", { ...of, verdict: null })).toBe("routine");
  });
});
