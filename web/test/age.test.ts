import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { beforeAll, describe, expect, test } from "vitest";
import { headerLength, Opener, payloadIsFast, SealError } from "../shared/age";
import type { Bytes } from "../shared/bytes";
import { addChaCha } from "./shim";

const folder = new URL("../../../shared/vectors/age/testdata/", import.meta.url);

beforeAll(addChaCha);

// What a vector says of itself, and the file. (C2SP/CCTV, age: "key: value" lines, an empty line, the file.)
function vector(name: string): { says: Record<string, string>; file: Bytes } {
  const raw = readFileSync(new URL(name, folder));
  const split = raw.indexOf("\n\n");
  const lines = raw.subarray(0, split).toString().split("\n");
  const says = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2)));
  const body = raw.subarray(split + 2);
  return { says, file: new Uint8Array(says.compressed === "zlib" ? inflateSync(body) : body) as Bytes };
}

describe("age files", () => {
  test("are opened chunk by chunk, as in a browser", async () => {
    expect(await payloadIsFast()).toBe(true);
  });

  test("open, whatever their length", { timeout: 60_000 }, async () => {
    const identity = await generateX25519Identity();
    for (const length of [0, 1, 65535, 65536, 65537, 200_000]) {
      const encrypter = new Encrypter();
      encrypter.addRecipient(await identityToRecipient(identity));
      const plain = new Uint8Array(length).map((_, i) => i & 255) as Bytes;
      const sealed = (await encrypter.encrypt(plain)) as Bytes;
      expect(headerLength(sealed)).toBeLessThan(sealed.length);
      expect(await new Opener(identity).open(sealed)).toEqual(plain);
      await expect(new Opener(identity).open(sealed.slice(0, -1) as Bytes)).rejects.toThrow(SealError);
    }
  });

  // A vector for a passphrase, for another kind of key or in armour is never a file of ours: it must be refused, too.
  test.skipIf(!existsSync(folder))(
    "every published vector opens or is refused as it should be",
    { timeout: 60_000 },
    async () => {
      const stranger = await generateX25519Identity();
      const counted = { opened: 0, refused: 0 };
      for (const name of readdirSync(folder)) {
        const { says, file } = vector(name);
        const ours = says.identity?.startsWith("AGE-SECRET-KEY-1") && says.armored !== "yes";
        const opening = new Opener(ours && says.identity ? says.identity : stranger).open(file);
        if (ours && says.expect === "success") {
          expect(
            createHash("sha256")
              .update(await opening)
              .digest("hex"),
            name,
          ).toBe(says.payload);
          counted.opened++;
        } else {
          await expect(opening, name).rejects.toThrow();
          counted.refused++;
        }
      }
      expect(counted).toEqual({ opened: 14, refused: 129 });
    },
  );
});
