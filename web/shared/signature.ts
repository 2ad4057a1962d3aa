// Signs requests for the mailbox: RFC 9421 with Ed25519, the twin of nightlatch.web.signature.

import { type Bytes, b64, sha256, utf8 } from "./bytes";

const COMPONENTS = '("@method" "@path" "@query" "content-digest")';

export async function signed(
  key: CryptoKey,
  publicB64: string,
  method: string,
  path: string,
  query: string,
  nowMs: number,
): Promise<Record<string, string>> {
  const digest = `sha-256=:${b64(await sha256(new Uint8Array(0) as Bytes))}:`;
  const nonce = b64(crypto.getRandomValues(new Uint8Array(18)));
  const created = Math.floor(nowMs / 1000);
  const params = `${COMPONENTS};created=${created};nonce="${nonce}";keyid="${publicB64}";alg="ed25519"`;
  const base = [
    `"@method": ${method}`,
    `"@path": ${path}`,
    `"@query": ?${query}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${params}`,
  ].join("\n");
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key, utf8(base)));
  return {
    "Content-Digest": digest,
    "Signature-Input": `nightlatch=${params}`,
    Signature: `nightlatch=:${b64(signature)}:`,
  };
}
