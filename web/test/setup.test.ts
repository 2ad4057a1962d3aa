// First start: nothing is sent before the sheet is on paper, and the root leaves this browser only wrapped.

import { describe, expect, test } from "vitest";
import { judge } from "../owner/judge";
import { deviceName } from "../owner/passphrase";
import { type Doors, founder } from "../owner/setup/founder";
import { type Check, nameOf, numberOf, places } from "../owner/setup/steps";
import { type Bytes, b64, unb64, utf8 } from "../shared/bytes";
import { type Kdf, signingPublic, unwrap } from "../shared/keys";
import { type Answers, REFUSED, TableHub, UNREACHABLE, yes } from "./table";

const PASSPHRASE = "a lamp in the hall at night";
const WRAP_KEY = new Uint8Array(32).fill(7);
const ANSWERS: Answers = {
  "POST /household": [yes({ household: { id: "h1" }, hub_key: "the hub's key" })],
  "POST /household/enrolment": [yes(undefined)],
};

function founding({
  answers = ANSWERS,
  unlock = async () => yes(undefined),
  ...rest
}: Partial<Doors> & { answers?: Answers; code?: boolean } = {}) {
  const hub = new TableHub({ ...ANSWERS, ...answers });
  const unlocked: Bytes[] = [];
  const it = founder("setup-code", rest.code ?? false, {
    hub: hub.doors,
    stretch: async () => ({
      kdf: { alg: "argon2id" } as Kdf,
      stretched: { wrapKey: WRAP_KEY, loginKey: utf8("login") },
    }),
    judge,
    random: () => [0.5, 0.1, 0.5, 0.9][drawn++ % 4]!,
    deviceName: "Chrome on Linux",
    unlock: async (root) => {
      const done = await unlock(root);
      if (done.ok) unlocked.push(root);
      return done;
    },
  });
  let drawn = 0;
  const check = () => it.now.value.at as Check;
  const typeAll = () => {
    for (const place of check().asked) it.type(place, ` ${check().key.words[place]!.toUpperCase()} `);
  };
  return { it, hub, unlocked, check, typeAll };
}

async function onPaper(how: Parameters<typeof founding>[0] = {}) {
  const all = founding(how);
  all.it.write({ name: " Number 12 ", passphrase: PASSPHRASE, repeat: PASSPHRASE });
  await all.it.make();
  all.it.check();
  return all;
}

describe("the steps", () => {
  test("a passphrase that is short, or typed differently, makes no key", async () => {
    const { it } = founding();
    it.write({ passphrase: "short", repeat: "short" });
    await it.make();
    expect(it.now.value.at).toMatchObject({
      step: "welcome",
      failure: { text: expect.stringContaining("at least 10") },
    });
    it.write({ passphrase: PASSPHRASE });
    await it.make();
    expect(it.now.value.at).toMatchObject({ failure: { text: expect.stringContaining("differ") } });
    it.write({ repeat: PASSPHRASE });
    await it.make();
    expect(it.now.value.at).toMatchObject({ step: "sheet" });
  });

  test("the sheet comes before anything is sent", async () => {
    const { it, hub } = founding();
    it.write({ passphrase: PASSPHRASE, repeat: PASSPHRASE });
    await it.make();
    const { at } = it.now.value;
    expect(at).toMatchObject({ step: "sheet" });
    expect(numberOf(at)).toBe(2);
    if (at.step === "sheet") expect(at.key.words).toHaveLength(24);
    expect(hub.asked).toEqual([]);
  });

  test("three different places are asked for, in order", async () => {
    const { check } = await onPaper();
    expect(check().asked).toEqual([2, 12, 21]);
    expect(places(24, Math.random)).toHaveLength(3);
  });

  test("a wrong word sends nothing and says which", async () => {
    const { it, hub, typeAll } = await onPaper();
    typeAll();
    it.type(12, "wrong");
    await it.finish();
    expect(it.now.value.at).toMatchObject({ step: "check", failure: { text: expect.stringContaining("Word 13") } });
    expect(hub.asked).toEqual([]);
  });

  test("the sheet can be shown again, and what was typed is forgotten", async () => {
    const { it, check, typeAll } = await onPaper();
    const { words } = check().key;
    typeAll();
    it.showAgain();
    expect(it.now.value.at).toMatchObject({ step: "sheet", key: { words } });
    it.check();
    expect(check().typed).toEqual({});
  });

  test("a home without a name is called Home", () => {
    expect(nameOf({ name: "  ", code: "", passphrase: "", repeat: "" })).toBe("Home");
  });
});

describe("founding", () => {
  test("the hub gets the root wrapped, and the owner's word for it", async () => {
    const { it, hub, unlocked, check, typeAll } = await onPaper({ code: true });
    const { root } = check().key;
    typeAll();
    await it.finish();
    expect(hub.asked).toEqual(["POST /household", "POST /household/enrolment"]);
    const body = hub.bodies["POST /household"] as Record<string, string>;
    expect(body).toMatchObject({ setup_code: "setup-code", name: "Number 12", device_name: "Chrome on Linux" });
    expect(await unwrap(body.wrapped_root!, WRAP_KEY)).toEqual(root);
    expect(JSON.stringify(body)).not.toContain(b64(root).slice(0, 20));
    const { signature } = hub.bodies["POST /household/enrolment"] as { signature: string };
    const key = await crypto.subtle.importKey("raw", unb64(await signingPublic(root)), "Ed25519", false, ["verify"]);
    const said = utf8("nightlatch enrol v1\nh1\nthe hub's key");
    expect(await crypto.subtle.verify("Ed25519", key, unb64(signature), said)).toBe(true);
    expect(unlocked).toEqual([root]);
  });

  test("a hub that wants no code gets none", async () => {
    const { it, hub, typeAll } = await onPaper();
    typeAll();
    await it.finish();
    expect(hub.bodies["POST /household"]).not.toHaveProperty("setup_code");
  });

  test("a hub that refuses leaves the words as they were typed", async () => {
    const { it, unlocked, check, typeAll } = await onPaper({ answers: { "POST /household": [REFUSED] } });
    typeAll();
    await it.finish();
    expect(it.now.value.at).toMatchObject({ step: "check", failure: REFUSED });
    expect(Object.keys(check().typed)).toHaveLength(3);
    expect(unlocked).toEqual([]);
  });

  test("a second try goes on where the first one stopped", async () => {
    const answers = { "POST /household/enrolment": [UNREACHABLE, yes(undefined)] };
    const { it, hub, unlocked, typeAll } = await onPaper({ answers });
    typeAll();
    await it.finish();
    expect(it.now.value.at).toMatchObject({ step: "check", failure: UNREACHABLE });
    await it.finish();
    expect(hub.asked.filter((line) => line === "POST /household")).toHaveLength(1);
    expect(unlocked).toHaveLength(1);
  });

  test("two taps found one household", async () => {
    const { it, hub, typeAll } = await onPaper();
    typeAll();
    await Promise.all([it.finish(), it.finish()]);
    expect(hub.asked).toEqual(["POST /household", "POST /household/enrolment"]);
  });
});

test("a device is called by its browser and system", () => {
  expect(deviceName("Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0 Safari/537.36")).toBe("Chrome on Linux");
  expect(deviceName("Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0")).toBe("Edge on Windows");
  expect(deviceName("Mozilla/5.0 (Linux; Android 14) Chrome/131.0 Mobile Safari/537.36")).toBe("Chrome on Android");
  expect(deviceName("curl/8")).toBe("Browser on a device");
});
