// A new passphrase is judged by an estimator, not by rules, and five words of chance are offered.

import { describe, expect, test } from "vitest";
import { judge } from "../owner/judge";
import { BITS, fiveWords, type Judge, OFFERED, refusal, strength } from "../owner/passphrase";

const NEVER: Judge = async () => ({ ok: false, kind: "broken", text: "Not here.", status: 0 });
const twice = (passphrase: string, known: string[] = []) => ({ passphrase, repeat: passphrase, known });

async function levelOf(passphrase: string, known: string[] = []): Promise<number> {
  const found = await judge(passphrase, known);
  return found.ok ? strength(passphrase, found.value).level : -1;
}

describe("what is refused", () => {
  test.each([
    "short",
    "aaaaaaaaaaaaaaaaaaaaaaaa",
    "Password123!",
    "password1234567890",
    "password password password",
    "letmein letmein",
    "iloveyou2024!",
    "qwertyuiop[]",
    "1234567890987654321",
    "abcdefghijklmnop",
    "a.b.c.d.e.f.g.h.i.j",
    "11.03.1987 11.03.1987",
    "P@ssw0rd P@ssw0rd",
    "          a          ",
  ])("%s", async (easy) => {
    expect(await refusal(twice(easy), judge)).toMatchObject({ ok: false });
    expect(await levelOf(easy)).toBeLessThan(2);
  });

  test("what the home is called", async () => {
    const home = "Villa Kunterbunt";
    expect(await levelOf("villa kunterbunt", [home])).toBeLessThan(2);
    expect(await levelOf("nightlatch nightlatch", ["nightlatch"])).toBeLessThan(2);
  });

  test("with a sentence about why", async () => {
    expect(await refusal(twice("password1234567890"), judge)).toMatchObject({
      text: expect.stringContaining("common password"),
    });
    expect(await refusal(twice("11031987 11031987"), judge)).toMatchObject({
      text: expect.stringMatching(/easy to guess/),
    });
  });

  test("one that nobody could judge, or that is typed differently", async () => {
    expect(await refusal(twice("a lamp in the hall at night"), NEVER)).toMatchObject({ text: "Not here." });
    const slip = { ...twice("a lamp in the hall at night"), repeat: "a lamp in the hall at nigth" };
    expect(await refusal(slip, judge)).toMatchObject({ text: expect.stringContaining("differ") });
  });
});

describe("what is taken", () => {
  test.each([
    "a lamp in the hall at night",
    "zvmkqhwxtp rjb",
    "Blaue Lampe im Flur bei Nacht",
    "雪の夜に灯る青いランプの下",
  ])("%s, without a digit or a capital being asked for", async (hard) =>
    expect(await refusal(twice(hard), judge)).toBeNull(),
  );
});

describe("five words", () => {
  test("are strong, and say how many bits they are", async () => {
    expect(BITS).toBe(55);
    const words = fiveWords((numbers) => crypto.getRandomValues(numbers));
    expect(words.split(" ")).toHaveLength(OFFERED);
    expect(await levelOf(words)).toBe(3);
  });

  test("come out alike for every number: no word is likelier than another", () => {
    const seen = new Map<string, number>();
    for (let n = 0; n < 65536; n += OFFERED) {
      const words = fiveWords((numbers) => numbers.map((_, i) => n + i)).split(" ");
      for (const [i, word] of words.entries()) if (n + i < 65536) seen.set(word, (seen.get(word) ?? 0) + 1);
    }
    expect(seen.size).toBe(2048);
    expect(new Set(seen.values())).toEqual(new Set([32]));
  });
});
