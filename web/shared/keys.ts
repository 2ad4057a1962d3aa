// The owner's keys, derived exactly as nightlatch.owner.keys derives them in Python; vectors hold the two together.

import { bech32 } from "@scure/base";
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { identityToRecipient } from "age-encryption";
import { argon2id } from "hash-wasm";
import { type Bytes, b64, joined, unb64, utf8 } from "./bytes";
import type { Kdf } from "./wire";

export type { Kdf };

export interface Stretched {
  wrapKey: Bytes;
  loginKey: Bytes;
}

const PKCS8_ED25519 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);
const PKCS8_X25519 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32]);
const WRAP_AAD = utf8("nightlatch root v1");

async function hkdf(key: Bytes, info: string): Promise<Bytes> {
  const base = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, base, 256));
}

export function newRoot(): Bytes {
  return crypto.getRandomValues(new Uint8Array(32));
}

export function newKdf(): Kdf {
  return { alg: "argon2id", m_kib: 65536, t: 3, p: 1, salt: b64(crypto.getRandomValues(new Uint8Array(16))) };
}

export function words(root: Bytes): string[] {
  return entropyToMnemonic(root, wordlist).split(" ");
}

export interface WrongWord {
  index: number;
  word: string;
  maybe: string | null;
}

// Words that are not on the list, each with the one that was probably meant.
export function wrongWords(text: string): WrongWord[] {
  const typed = text.toLowerCase().split(/\s+/).filter(Boolean);
  return typed.flatMap((word, index) => (wordlist.includes(word) ? [] : [{ index, word, maybe: nearest(word) }]));
}

// No two words of the list share their first four letters; else one letter changed, missing, added or two swapped.
function nearest(word: string): string | null {
  const alike = wordlist.filter((each) => word.length >= 4 && each.startsWith(word.slice(0, 4)));
  return alike[0] ?? wordlist.find((each) => oneSlip(word, each)) ?? null;
}

function oneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const rest = (text: string, from: number) => text.slice(from);
  if (rest(a, at + 1) === rest(b, at + 1) || rest(a, at + 1) === rest(b, at) || rest(a, at) === rest(b, at + 1))
    return true;
  return a[at] === b[at + 1] && a[at + 1] === b[at] && rest(a, at + 2) === rest(b, at + 2);
}

// The root behind 24 words; throws a sentence that names what is wrong.
export function fromWords(text: string): Bytes {
  const typed = text.toLowerCase().split(/\s+/).filter(Boolean);
  const unknown = typed.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0)
    throw new Error(
      `Word ${unknown + 1}, “${typed[unknown]}”, is not on the list of recovery words. Check its spelling.`,
    );
  if (typed.length !== 24) throw new Error(`A recovery sheet has 24 words; these are ${typed.length}.`);
  try {
    return mnemonicToEntropy(typed.join(" "), wordlist) as Bytes;
  } catch {
    throw new Error("These words do not belong together: one is wrong or two are swapped.");
  }
}

export async function identityOf(root: Bytes): Promise<string> {
  return bech32
    .encode("age-secret-key-", bech32.toWords(await hkdf(root, "nightlatch age x25519 v1")), false)
    .toUpperCase();
}

export async function recipientOf(root: Bytes): Promise<string> {
  return identityToRecipient(await identityOf(root));
}

// Both private keys as WebCrypto keys that cannot be read out again.
export async function lockedKeys(root: Bytes): Promise<{ open: CryptoKey; sign: CryptoKey }> {
  const x = joined([PKCS8_X25519, await hkdf(root, "nightlatch age x25519 v1")]);
  const ed = joined([PKCS8_ED25519, await hkdf(root, "nightlatch ed25519 v1")]);
  return {
    open: await crypto.subtle.importKey("pkcs8", x, "X25519", false, ["deriveBits"]),
    sign: await crypto.subtle.importKey("pkcs8", ed, "Ed25519", false, ["sign"]),
  };
}

export async function signingPublic(root: Bytes): Promise<string> {
  const ed = joined([PKCS8_ED25519, await hkdf(root, "nightlatch ed25519 v1")]);
  const key = await crypto.subtle.importKey("pkcs8", ed, "Ed25519", true, ["sign"]);
  const jwk = await crypto.subtle.exportKey("jwk", key);
  return b64(unb64((jwk.x ?? "").replaceAll("-", "+").replaceAll("_", "/").padEnd(44, "=")));
}

export async function stretch(passphrase: string, kdf: Kdf): Promise<Stretched> {
  const stretched = (await argon2id({
    password: passphrase.normalize("NFKC"),
    salt: unb64(kdf.salt),
    memorySize: kdf.m_kib,
    iterations: kdf.t,
    parallelism: kdf.p,
    hashLength: 32,
    outputType: "binary",
  })) as Bytes;
  return {
    wrapKey: await hkdf(stretched, "nightlatch wrap v1"),
    loginKey: await hkdf(stretched, "nightlatch login v1"),
  };
}

export async function wrap(
  root: Bytes,
  wrapKey: Bytes,
  nonce: Bytes = crypto.getRandomValues(new Uint8Array(12)),
): Promise<string> {
  const key = await crypto.subtle.importKey("raw", wrapKey, "AES-GCM", false, ["encrypt"]);
  const boxed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: WRAP_AAD }, key, root);
  return b64(joined([nonce, new Uint8Array(boxed)]));
}

export async function unwrap(wrapped: string, wrapKey: Bytes): Promise<Bytes> {
  const raw = unb64(wrapped);
  const key = await crypto.subtle.importKey("raw", wrapKey, "AES-GCM", false, ["decrypt"]);
  const how = { name: "AES-GCM", iv: raw.slice(0, 12), additionalData: WRAP_AAD };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how, key, raw.slice(12)));
  } catch {
    throw new Error("That is not the passphrase of this household.");
  }
}
