import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { describe, expect, test } from "vitest";
import { headerLength, Opener } from "../shared/age";
import type { Bytes } from "../shared/bytes";

const folder = new URL("../../../shared/vectors/age/testdata/", import.meta.url);

describe("age files", () => {
  test("open, whatever their length", async () => {
    const identity = await generateX25519Identity();
    for (const length of [0, 1, 65535, 65536, 65537, 200_000]) {
      const encrypter = new Encrypter();
      encrypter.addRecipient(await identityToRecipient(identity));
      const plain = new Uint8Array(length).map((_, i) => i & 255) as Bytes;
      const sealed = (await encrypter.encrypt(plain)) as Bytes;
      expect(headerLength(sealed)).toBeLessThan(sealed.length);
      expect(await new Opener(identity).open(sealed)).toEqual(plain);
      await expect(new Opener(identity).open(sealed.slice(0, -1) as Bytes)).rejects.toThrow("does not open");
    }
  });

  test.skipIf(!existsSync(folder))("published X25519 vectors open or are refused as they should be", async () => {
    let checked = 0;
    for (const name of readdirSync(folder)) {
      const raw = readFileSync(new URL(name, folder));
      const split = raw.indexOf("\n\n");
      const says = Object.fromEntries(raw.subarray(0, split).toString().split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
      if (!String(says.identity ?? "").startsWith("AGE-SECRET-KEY-1") || says.passphrase || says.armored === "yes") continue;
      let body = raw.subarray(split + 2);
      if (says.compressed === "zlib") body = inflateSync(body);
      const opened = new Opener(says.identity).open(new Uint8Array(body) as Bytes);
      if (says.expect === "success") {
        expect(createHash("sha256").update(await opened).digest("hex"), name).toBe(says.payload);
      } else {
        await expect(opened, name).rejects.toThrow();
      }
      checked++;
    }
    expect(checked).toBeGreaterThan(40);
  });
});
