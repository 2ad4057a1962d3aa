// Opens age files (c2sp.org/age) with the owner's key. The file key comes from the age library; the payload, a STREAM
// of 64 KiB chunks, is opened by WebCrypto's ChaCha20-Poly1305 where the browser has it (ten times as fast as the
// library, and any chunk by itself), and by the library elsewhere.

import { Decrypter, Encrypter } from "age-encryption";
import { type Bytes, joined } from "./bytes";

const CHUNK = 64 * 1024;
const TAG = 16;
const NONCE = 16;

export class SealError extends Error {}

// Length of the header: everything up to and including the line that starts with "---".
export function headerLength(sealed: Uint8Array): number {
  let at = 0;
  while (at < sealed.length) {
    const end = sealed.indexOf(10, at);
    if (end < 0) break;
    if (sealed[at] === 45 && sealed[at + 1] === 45 && sealed[at + 2] === 45) return end + 1;
    at = end + 1;
  }
  throw new SealError("This is not a sealed file, or it is cut short.");
}

let fast: Promise<boolean> | null = null;

async function hasChaCha(): Promise<boolean> {
  try {
    await crypto.subtle.importKey("raw-secret" as "raw", new Uint8Array(32), { name: "ChaCha20-Poly1305" }, false, [
      "decrypt",
    ]);
    return true;
  } catch {
    return false;
  }
}

// Whether payloads are opened by WebCrypto (else by the library, a tenth as fast).
export function payloadIsFast(): Promise<boolean> {
  fast ??= hasChaCha();
  return fast;
}

async function payloadKey(fileKey: Bytes, nonce: Bytes): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", fileKey, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt: nonce, info: new TextEncoder().encode("payload") },
    base,
    256,
  );
  return crypto.subtle.importKey("raw-secret" as "raw", bits, { name: "ChaCha20-Poly1305" }, false, ["decrypt"]);
}

// Nonce of a chunk: an 11-byte counter and a flag for the last one (age, "Payload").
function chunkNonce(index: number, last: boolean): Bytes {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(7, index);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

export class Opener {
  constructor(
    private readonly identity: CryptoKey | string,
    private readonly recipient?: string,
  ) {}

  // Seals to the owner's own key.
  async seal(plain: Uint8Array): Promise<Bytes> {
    if (!this.recipient)
      throw new SealError("Sign out and in again once: this browser does not know your public key yet.");
    const encrypter = new Encrypter();
    encrypter.addRecipient(this.recipient);
    return (await encrypter.encrypt(plain)) as Bytes;
  }

  async open(sealed: Bytes): Promise<Bytes> {
    const decrypter = new Decrypter();
    decrypter.addIdentity(this.identity);
    try {
      if (!(await payloadIsFast())) return (await decrypter.decrypt(sealed)) as Bytes;
      const header = headerLength(sealed);
      const fileKey = (await decrypter.decryptHeader(sealed.subarray(0, header))) as Bytes;
      return await openPayload(fileKey, sealed.subarray(header) as Bytes);
    } catch (error) {
      if (error instanceof SealError) throw error;
      throw new SealError("This file does not open: it is for another key, or it is damaged or cut short.");
    }
  }
}

async function openPayload(fileKey: Bytes, payload: Bytes): Promise<Bytes> {
  if (payload.length < NONCE + TAG) throw new SealError("This sealed file is cut short.");
  const key = await payloadKey(fileKey, payload.slice(0, NONCE));
  const body = payload.subarray(NONCE);
  const count = Math.ceil(body.length / (CHUNK + TAG));
  const chunks = Array.from({ length: count }, async (_, index) => {
    const last = index === count - 1;
    const chunk = body.subarray(index * (CHUNK + TAG), (index + 1) * (CHUNK + TAG));
    const plain = await crypto.subtle.decrypt(
      { name: "ChaCha20-Poly1305", iv: chunkNonce(index, last) } as AesGcmParams,
      key,
      chunk,
    );
    if (last && index > 0 && plain.byteLength === 0) throw new SealError("This sealed file has an empty last chunk.");
    return new Uint8Array(plain);
  });
  return joined(await Promise.all(chunks));
}
