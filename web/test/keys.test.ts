import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Bytes, b64 } from "../shared/bytes";
import {
  fromWords,
  identityOf,
  type Kdf,
  recipientOf,
  signingPublic,
  stretch,
  unwrap,
  words,
  wrap,
  wrongWords,
} from "../shared/keys";

const vectors = JSON.parse(readFileSync(new URL("../../tests/owner/vectors.json", import.meta.url), "utf8"));
const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (h) => Number.parseInt(h, 16)) as Bytes;

describe("the owner's keys are those of the Python twin", () => {
  for (const vector of vectors.roots) {
    test(`root ${vector.root.slice(0, 8)}`, async () => {
      const root = hex(vector.root);
      expect(words(root).join(" ")).toBe(vector.words);
      expect(fromWords(vector.words)).toEqual(root);
      expect(await identityOf(root)).toBe(vector.identity);
      expect(await recipientOf(root)).toBe(vector.recipient);
      expect(await signingPublic(root)).toBe(vector.signing_key);
    });
  }

  test("the passphrase wraps alike", { timeout: 60_000 }, async () => {
    const v = vectors.passphrase;
    const stretched = await stretch(v.passphrase, v.kdf as Kdf);
    expect(b64(stretched.loginKey)).toBe(v.login_key);
    expect(await wrap(hex(v.root), stretched.wrapKey, hex(v.nonce))).toBe(v.wrapped_root);
    expect(await unwrap(v.wrapped_root, stretched.wrapKey)).toEqual(hex(v.root));
  });

  test("wrong words are named", () => {
    expect(() => fromWords("abandom ".repeat(24))).toThrow("Word 1, “abandom”");
    expect(() => fromWords("zoo ".repeat(24))).toThrow("do not belong together");
  });
  test("a slip of the pen is put right", () => {
    const near = (word: string) => wrongWords(`zoo ${word}`).map((w) => [w.index, w.maybe]);
    expect(near("abandom")).toEqual([[1, "abandon"]]);
    expect(near("ziebra")).toEqual([[1, "zebra"]]);
    expect(near("zbera")).toEqual([[1, "zebra"]]);
    expect(near("ebrz")).toEqual([[1, null]]);
    expect(near("zebra")).toEqual([]);
  });
});
