import { createHash, createPublicKey, verify } from "node:crypto";
import { expect, test } from "vitest";
import { b64, unb64, utf8 } from "../shared/bytes";
import { lockedKeys, newRoot, signingPublic } from "../shared/keys";
import { signed } from "../shared/signature";

test("a signed request verifies by the rules of RFC 9421, with another library", async () => {
  const root = newRoot();
  const [{ sign }, key] = [await lockedKeys(root), await signingPublic(root)];
  const at = Date.UTC(2026, 10, 23);
  const headers = await signed(sign, key, "DELETE", "/v1/clips/0011aabb", "", at);
  const params = headers["Signature-Input"]?.replace("nightlatch=", "") ?? "";
  expect(params).toMatch(
    /^\("@method" "@path" "@query" "content-digest"\);created=\d+;nonce="[^"]+";keyid="[^"]+";alg="ed25519"$/,
  );
  expect(params).toContain(`;created=${at / 1000};`);
  expect(params).toContain(`;keyid="${key}";`);
  expect(headers["Content-Digest"]).toBe(`sha-256=:${createHash("sha256").update("").digest("base64")}:`);
  const base = [
    '"@method": DELETE',
    '"@path": /v1/clips/0011aabb',
    '"@query": ?',
    `"content-digest": ${headers["Content-Digest"]}`,
    `"@signature-params": ${params}`,
  ].join("\n");
  const given = unb64(headers.Signature?.match(/^nightlatch=:(.+):$/)?.[1] ?? "");
  const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), unb64(key)]);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  expect(verify(null, utf8(base), publicKey, given)).toBe(true);
  expect(verify(null, utf8(base.replace("DELETE", "GET")), publicKey, given)).toBe(false);
  const again = await signed(sign, key, "DELETE", "/v1/clips/0011aabb", "", at);
  expect(again["Signature-Input"]).not.toBe(headers["Signature-Input"]); // another nonce
  expect(b64(given)).not.toBe(again.Signature);
});
