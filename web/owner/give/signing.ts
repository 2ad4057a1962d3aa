// Gives the film that was played. In this order: the keeper makes a key for this one donation; the owner signs, over
// the hash of exactly the bytes that were played; only then does the hub seal them to that key and send them.

import type { Result, send } from "../../shared/api";
import { attempt } from "../../shared/api";
import { b64, utf8 } from "../../shared/bytes";
import { consentRecord, hexSha256, logKey, signedRecord } from "../../shared/consent";
import type { Keyring } from "../../shared/keyring";
import { statedLengthMs } from "../../shared/mp4";
import type { DonationId } from "../../shared/wire";
import type { Choosing, Preview, Signing } from "./steps";

const KEPT_MS = 365 * 86_400_000;
const PURPOSES = ["label", "train"];

export type SigningKeys = Pick<Keyring, "sign" | "signPublic">;

export async function give(
  { from: { from, preview } }: Signing,
  keys: SigningKeys,
  hub: { send: typeof send },
  nowMs: number,
): Promise<Result<unknown>> {
  const key = await hub.send<DonationId>("POST", `/giving/offers/${preview.offer}/key`, {});
  if (!key.ok) return key;
  const lengthMs = statedLengthMs(preview.bytes) ?? Math.round(from.cut.lengthMs);
  const body = await attempt(() => consent(key.value.donation, preview, lengthMs, from, keys, nowMs));
  return body.ok ? hub.send("POST", `/giving/offers/${preview.offer}/consent`, body.value) : body;
}

// The signed record, and the key with which the owner's browsers find this owner's entries in the log.
async function consent(
  donation: string,
  film: Preview,
  lengthMs: number,
  { programme, witness }: Pick<Choosing, "programme" | "witness">,
  keys: SigningKeys,
  nowMs: number,
) {
  const record = consentRecord({
    donation,
    ownerKey: keys.signPublic,
    programmeKey: programme.key,
    sha256: await hexSha256(film.bytes),
    lengthMs,
    noticeSha256: await hexSha256(utf8(programme.notice)),
    noticeLanguage: programme.language,
    purposes: PURPOSES,
    givenMs: nowMs,
    expiresMs: nowMs + KEPT_MS,
    witness,
  });
  return { consent: await signedRecord(record, keys.sign), log_key: b64(await logKey(keys.sign)) };
}
