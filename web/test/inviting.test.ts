// Joining a programme: what was given is looked at, shown, and only then joined.

import { describe, expect, test } from "vitest";
import { type CodeReader, codeReader } from "../owner/giving/codes";
import { inviter, isWhole } from "../owner/giving/inviting";
import { comesLine, watchedLine } from "../owner/giving/words";
import type { Result } from "../shared/api";
import { type Answers, REFUSED, TableHub, UNREACHABLE, yes } from "./table";

const LINK = `https://keeper.example/invitation#${"0".repeat(32)}`;
const LOOK = "POST /giving/invitation";
const FOUND = { invitation: '{"name": "P"}', programme: { name: "P" } };

function inviting(
  answers: Answers,
  { codes = null as CodeReader | null, joined = yes(undefined) as Result<void> } = {},
) {
  const hub = new TableHub({ [LOOK]: [yes(FOUND)], ...answers });
  const joins: string[] = [];
  const it = inviter({
    hub: hub.doors,
    codes: async () => codes,
    join: async (invitation) => {
      joins.push(invitation);
      return joined;
    },
  });
  return { it, hub, joins };
}

describe("what was given", () => {
  test("is shown before anything is joined, and what was shown is joined", async () => {
    const { it, hub, joins } = inviting({});
    await it.take(LINK);
    expect(hub.bodies[LOOK]).toEqual({ given: LINK });
    expect(it.at.value).toMatchObject({ is: "shown", invitation: FOUND, failure: null });
    expect(joins).toEqual([]);
    await it.join();
    expect(joins).toEqual([FOUND.invitation]);
    expect(it.at.value).toEqual({ is: "open", failure: null });
  });

  test("is not joined when the owner says not now", async () => {
    const { it, joins } = inviting({});
    await it.take(LINK);
    it.notNow();
    await it.join();
    expect(it.at.value).toEqual({ is: "open", failure: null });
    expect(joins).toEqual([]);
  });

  test("that the hub refuses leaves the box open, with the reason", async () => {
    const { it } = inviting({ [LOOK]: [REFUSED, yes(FOUND)] });
    await it.take("rubbish");
    expect(it.at.value).toEqual({ is: "open", failure: REFUSED });
    await it.take(LINK);
    expect(it.at.value.is).toBe("shown");
  });

  test("stays in sight when joining fails", async () => {
    const { it } = inviting({}, { joined: UNREACHABLE });
    await it.take(LINK);
    await it.join();
    expect(it.at.value).toMatchObject({ is: "shown", failure: UNREACHABLE });
  });

  test("last is what counts, whatever is answered last", async () => {
    const { it, hub } = inviting({});
    const answers: ((answer: Result<never>) => void)[] = [];
    hub.doors.send = () => new Promise((resolve) => answers.push(resolve as never));
    const first = it.take("first");
    const second = it.take("second");
    await expect.poll(() => answers.length).toBe(2);
    answers[1]!(yes({ ...FOUND, invitation: "second" }) as never);
    answers[0]!(yes({ ...FOUND, invitation: "first" }) as never);
    await Promise.all([first, second]);
    expect(it.at.value).toMatchObject({ is: "shown", invitation: { invitation: "second" } });
  });
});

describe("a file", () => {
  const picture = new Blob(["png"], { type: "image/png" });

  test("is read and looked at", async () => {
    const { it, hub } = inviting({});
    await it.takeFile(new Blob(['{"name": "P"}']));
    expect(hub.bodies[LOOK]).toEqual({ given: '{"name": "P"}' });
    expect(it.at.value.is).toBe("shown");
  });

  test("that is too large is not sent", async () => {
    const { it, hub } = inviting({});
    await it.takeFile(new Blob(["x".repeat(70_000)]));
    expect(it.at.value).toMatchObject({ is: "open", failure: { text: expect.stringContaining(".nightlatch") } });
    expect(hub.asked).toEqual([]);
  });

  test("with a picture of a code gives its link", async () => {
    const { it, hub } = inviting({}, { codes: { read: async () => LINK } });
    await it.takeFile(picture);
    expect(hub.bodies[LOOK]).toEqual({ given: LINK });
  });

  test("with a picture says what to do when it cannot be read", async () => {
    const none = inviting({});
    await none.it.takeFile(picture);
    expect(none.it.at.value).toMatchObject({ failure: { text: expect.stringContaining("Paste the link") } });
    const blurred = inviting({}, { codes: { read: async () => null } });
    await blurred.it.takeFile(picture);
    expect(blurred.it.at.value).toMatchObject({ failure: { text: expect.stringContaining("sharper") } });
  });
});

test("a link is whole with its last digit, an invitation with its last brace", () => {
  expect(isWhole(`Join us: ${LINK}\n`)).toBe(true);
  expect(isWhole('\n{"name": "P"}')).toBe(true);
  for (const part of [LINK.slice(0, -1), "https://keeper.example/invitation", '{"name": "P"', "", `${LINK}0`])
    expect(isWhole(part)).toBe(false);
});

describe("codes", () => {
  class Detector {
    static formats = ["qr_code"];
    static getSupportedFormats = async () => Detector.formats;
    detect = async (of: unknown) => (of === "code" ? [{ rawValue: LINK }] : []);
  }

  test("are read where the browser reads them, and nowhere else", async () => {
    const reader = (await codeReader(Detector))!;
    expect(await reader.read("code" as never)).toBe(LINK);
    expect(await reader.read("a wall" as never)).toBeNull();
    expect(await codeReader(undefined)).toBeNull();
    Detector.formats = ["ean_13"];
    expect(await codeReader(Detector)).toBeNull();
  });
});

test("how an invitation came, and who watches the programme, is said in words", () => {
  expect(comesLine({ is_as_linked: true })).toContain("nobody changed it");
  expect(comesLine({ is_as_linked: false })).toContain("Compare the words");
  expect(comesLine({ is_as_linked: null })).toContain("Compare the words");
  expect(watchedLine({ witnesses: ["friend"], household_vouches: true })).toContain(
    "1 witness (friend) and by your own",
  );
  expect(watchedLine({ witnesses: ["a", "b"], household_vouches: false })).toContain(
    "2 witnesses (a, b). Your clips can",
  );
});
