// Checks one receipt, offline. Built into a single file that can be kept and opened years later.

import { readCheckpoint, readNote, readReceipt, verifyReceipt } from "../shared/ledger";
import { policyFor } from "../shared/parts";

const field = (id: string) => (document.getElementById(id) as HTMLTextAreaElement).value;
const said = document.getElementById("said")!;

async function check() {
  try {
    const text = field("receipt").replaceAll("\r\n", "\n");
    const { extra, note } = readReceipt(text);
    if (!extra) throw new Error("This receipt does not hold its entry.");
    const { origin } = readCheckpoint(readNote(note).text);
    // A receipt is kept for years: when its cosignatures were made is said, not judged.
    const found = await verifyReceipt(text, extra, await policyFor(origin, field("policy")), null);
    const leaf = JSON.parse(new TextDecoder().decode(extra)) as { t: number; k: string };
    const by =
      found.witnessed.map((w) => `${w.witness} at ${new Date(w.at_s * 1000).toLocaleString()}`).join(", ") || "nobody";
    said.className = "good";
    const of = `“${leaf.k}” of ${new Date(leaf.t * 1000).toLocaleString()}`;
    said.textContent = `Proven: ${of} is entry ${found.index} of ${found.size} in ${origin}.\nCosigned by ${by}.`;
  } catch (error) {
    said.className = "bad";
    said.textContent = `Not proven. ${(error as Error).message}`;
  }
}

document.getElementById("check")!.addEventListener("click", () => void check());
