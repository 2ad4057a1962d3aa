// The page reads, believes and refuses what tests/ledger/policies.json says, as Python does.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { b64, joined, unb64 } from "../shared/bytes";
import { type LogError, type LogKey, readPolicy, verifyCheckpoint, verifyReceipt } from "../shared/ledger";

interface PolicyCase {
  name: string;
  text: string;
  refused?: string;
  log: string;
  witnesses: [string, string][];
  quorum: number;
  max_age_s: number;
  households: number;
}
interface Case {
  name: string;
  policy: string;
  now_ms: number | null;
  why?: string;
}
interface CheckpointCase extends Case {
  note: string;
  note_base64?: string;
  size: number;
  root: string;
  witnessed: [string, number][];
}
interface ReceiptCase extends Case {
  receipt: string;
  leaf: string;
  index: number;
}
const cases = JSON.parse(readFileSync(new URL("../../tests/ledger/policies.json", import.meta.url), "utf8"));

const hex = (bytes: Uint8Array) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
const written = ({ name, id, kind, key }: LogKey) => `${name}+${hex(id)}+${b64(joined([Uint8Array.of(kind), key]))}`;
const refusal = async (act: Promise<unknown>) => act.then(() => null).catch((error: LogError) => error);

test.each<PolicyCase>(cases.policies)("the policy: $name", async (one) => {
  if (one.refused !== undefined) {
    expect((await refusal(readPolicy(one.text)))?.message).toBe(one.refused);
    return;
  }
  const { log, witnesses, quorum, maxAgeS, households } = await readPolicy(one.text);
  const named = witnesses.map(({ name, key }) => [name, written(key)]);
  expect([written(log), named, quorum, maxAgeS, households]).toEqual([
    one.log,
    one.witnesses,
    one.quorum,
    one.max_age_s,
    one.households,
  ]);
});

test.each<CheckpointCase>(cases.checkpoints)("the checkpoint: $name", async (one) => {
  const raw = one.note_base64 === undefined ? one.note : unb64(one.note_base64);
  const asked = verifyCheckpoint(raw, await readPolicy(one.policy), one.now_ms);
  if (one.why !== undefined) {
    expect((await refusal(asked))?.why).toBe(one.why);
    return;
  }
  const { checkpoint, witnessed } = await asked;
  expect([checkpoint.size, b64(checkpoint.root)]).toEqual([one.size, one.root]);
  expect(witnessed.map(({ name, at_s }) => [name, at_s])).toEqual(one.witnessed);
});

test.each<ReceiptCase>(cases.receipts)("the receipt: $name", async (one) => {
  const asked = verifyReceipt(one.receipt, unb64(one.leaf), await readPolicy(one.policy), one.now_ms);
  if (one.why !== undefined) expect((await refusal(asked))?.why).toBe(one.why);
  else expect((await asked).index).toBe(one.index);
});
