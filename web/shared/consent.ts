// What the owner signs, built here and not taken from the hub: the same bytes as nightlatch/domain/consent.py makes.

import { type Bytes, b64, joined, sha256, utf8 } from "./bytes";

type Json = string | number | Json[] | { [name: string]: Json };

const CONTEXT: Json = {
  dct: "http://purl.org/dc/terms/",
  dpv: "https://w3id.org/dpv#",
  nightlatch: "urn:nightlatch:terms:",
};

const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const isAscii = (text: string) => [...text].every((c) => c <= "\x7f");

// JCS (RFC 8785) of our subset: ASCII names; strings, whole numbers, lists, objects. What the Python twin refuses is
// refused here, too (tests/domain/rendered.json holds both to it).
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const names = Object.keys(value).sort();
    if (!names.every((n) => isAscii(n))) throw new Error("A record's names are ASCII.");
    return `{${names.map((n) => `${JSON.stringify(n)}:${canonical(value[n]!)}`).join(",")}}`;
  }
  if (typeof value === "number" && Number.isSafeInteger(value)) return JSON.stringify(value);
  if (typeof value === "string" && !HALF.test(value)) return JSON.stringify(value);
  throw new Error("A record holds text and whole numbers only.");
}

export interface ConsentFacts {
  donation: string;
  ownerKey: string; // b64
  programmeKey: string; // b64
  sha256: string; // hex, of the file that was played to its end
  lengthMs: number;
  noticeSha256: string; // hex
  noticeLanguage: string;
  purposes: string[];
  givenMs: number;
  expiresMs: number;
  witness: string; // the key with which the household's own hub cosigns the log
}

export function consentRecord(of: ConsentFacts): { [name: string]: Json } {
  return {
    "@context": CONTEXT,
    "@type": "dpv:ConsentRecord",
    "dct:conformsTo": "urn:nightlatch:schema:consent:1",
    "dct:identifier": of.donation,
    "dpv:hasConsentStatus": "dpv:ConsentGiven",
    "dpv:hasDataController": of.programmeKey,
    "dpv:hasDataSubject": of.ownerKey,
    "dpv:hasLegalBasis": "dpv:ExplicitlyExpressedConsent",
    "dpv:hasNotice": {
      "@type": "dpv:ConsentNotice",
      "dct:language": of.noticeLanguage,
      "nightlatch:sha256": of.noticeSha256,
    },
    "dpv:hasProcess": {
      "@type": "dpv:Process",
      "dpv:hasPersonalData": { "nightlatch:lengthMs": of.lengthMs, "nightlatch:sha256": of.sha256 },
      "dpv:hasProcessing": "dpv:Analyse",
      "dpv:hasPurpose": [...of.purposes].sort().map((p) => `nightlatch:${p}`),
      "dpv:hasRecipient": "nightlatch:reviewers",
      "dpv:hasStorageCondition": {
        "dpv:hasDuration": {
          "@type": "dpv:UntilTimeDuration",
          "nightlatch:until": new Date(of.expiresMs).toISOString(),
        },
      },
    },
    "dpv:isIndicatedAtTime": new Date(of.givenMs).toISOString(),
    "dpv:isIndicatedBy": of.ownerKey,
    ...(of.witness && { "nightlatch:witness": of.witness }),
  };
}

export function withdrawalRecord(
  donation: string,
  ownerKey: string,
  consentSha256: string,
  atMs: number,
): { [name: string]: Json } {
  return {
    "@context": CONTEXT,
    "@type": "dpv:ConsentRecord",
    "dct:conformsTo": "urn:nightlatch:schema:withdrawal:1",
    "dct:identifier": donation,
    "dpv:hasConsentStatus": "dpv:ConsentWithdrawn",
    "dpv:hasDataSubject": ownerKey,
    "dpv:isIndicatedAtTime": new Date(atMs).toISOString(),
    "dpv:isIndicatedBy": ownerKey,
    "nightlatch:consent": consentSha256,
  };
}

export async function signedRecord(
  record: { [name: string]: Json },
  key: CryptoKey,
): Promise<{ record: { [name: string]: Json }; signature: string }> {
  const signature = await crypto.subtle.sign({ name: "Ed25519" }, key, utf8(canonical(record)));
  return { record, signature: b64(new Uint8Array(signature)) };
}

export async function hexSha256(bytes: Bytes): Promise<string> {
  return [...(await sha256(bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

// The key with which the keeper marks this owner's entries in the log. Ed25519 signatures are deterministic (RFC 8032),
// so every device of the owner finds the same key, even from a signing key that cannot be read out.
export async function logKey(key: CryptoKey): Promise<Bytes> {
  return sha256(new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, key, utf8("nightlatch log key v1"))));
}

// The tag of one UTC day: HMAC-SHA256(log key, "2026-11-23"), its first 16 bytes.
export async function dayTag(log: Bytes, atMs: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", log, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, utf8(new Date(atMs).toISOString().slice(0, 10)));
  return new Uint8Array(mac).slice(0, 16) as Bytes;
}

// What a leaf of the log says of its event: SHA-256(salt, the event's canonical bytes).
export async function commitment(salt: Bytes, event: { [name: string]: Json }): Promise<Bytes> {
  return sha256(joined([salt, utf8(canonical(event))]));
}
