import { describe, expect, it, test } from "vitest";
import { type Finding, kindGroup, passes, what, whyOf } from "../owner/findings";

const finding = (kinds: Finding["kinds"], verdict: Finding["verdict"] = "routine"): Finding => ({
  kinds,
  verdict,
  threat: 0,
  reasons: [],
  eye: "",
  tracks: [],
});

describe("what an event is called", () => {
  it("names its kinds, the first with a capital", () => {
    expect(what(finding(["person"]))).toBe("Person");
    expect(what(finding(["person", "dog", "vehicle"]))).toBe("Person, dog and vehicle");
  });
  it("is motion while nothing is known", () => {
    expect(what(undefined)).toBe("Motion");
    expect(what(finding(["motion"]))).toBe("Motion");
  });
});

describe("the filter", () => {
  it("lets everything pass when nothing is chosen", () =>
    expect(passes(undefined, { verdict: null, kind: null })).toBe(true));
  it("wants both the verdict and the kind", () => {
    const event = finding(["cat"], "unsure");
    expect(passes(event, { verdict: "unsure", kind: "pet" })).toBe(true);
    expect(passes(event, { verdict: "threat", kind: "pet" })).toBe(false);
    expect(passes(event, { verdict: "unsure", kind: "person" })).toBe(false);
  });
  it("puts a person before the dog that comes along", () =>
    expect(kindGroup(finding(["dog", "person"]))).toBe("person"));
});

test("a line says what happened, and of what is no daily life also why", () => {
  const reasons = ["A person came and stayed 40 s.", "They stopped at 3 places.", "It was at night."];
  const of = (verdict: "threat" | "routine" | "unsure") =>
    whyOf({ kinds: [], verdict, threat: 0, reasons, eye: "", tracks: [] });
  expect(of("routine")).toBe("A person came and stayed 40 s.");
  expect(of("threat")).toBe("A person came and stayed 40 s. They stopped at 3 places.");
  expect(of("unsure")).toBe(of("threat"));
});
