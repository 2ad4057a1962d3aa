// A minute of stills in one sealed JPEG: fetched, opened and decoded as the owner scrubs, the last ones kept.

import { Latest } from "../../shared/latest";
import { type SheetFacts, sheetFacts } from "../../shared/mp4";
import { sealed } from "../../shared/throwing";
import { opener } from "../state";

const MOST_DECODED = 8; // about 10 MB each
const MOST_OPENED = 200; // about 0.2 MB each

interface OpenSheet {
  picture: ImageBitmap;
  facts: SheetFacts;
}

const opened = new Latest<number, Promise<Blob>>(MOST_OPENED);
const decoded = new Latest<number, Promise<OpenSheet | null>>(
  MOST_DECODED,
  (old) => void old.then((sheet) => sheet?.picture.close()).catch(() => undefined),
);

async function fetched(id: number): Promise<Blob> {
  const found = await sealed(`/sheets/${id}`);
  if (!found || !opener.value) throw new Error("This minute of stills is not there any more.");
  return new Blob([await opener.value.open(found.bytes)], { type: "image/jpeg" });
}

// Fetch and open, but do not decode yet: what neighbours are prepared with.
export function prepare(id: number): Promise<Blob> {
  let found = opened.get(id);
  if (!found) {
    found = fetched(id);
    opened.set(id, found);
    found.catch(() => opened.drop(id));
  }
  return found;
}

export function sheet(id: number): Promise<OpenSheet | null> {
  let found = decoded.get(id);
  if (!found) {
    found = prepare(id).then(async (jpeg) => {
      const facts = sheetFacts(new Uint8Array(await jpeg.slice(0, 70_000).arrayBuffer()));
      return facts && { picture: await createImageBitmap(jpeg), facts };
    });
    decoded.set(id, found);
    found.catch(() => decoded.drop(id));
  }
  return found;
}

// Draw the still of a moment; which moment it really is of.
export function draw({ picture, facts }: OpenSheet, at: number, target: HTMLCanvasElement): number {
  const { at_ms, columns, cell } = facts;
  let index = 0;
  at_ms.forEach((ms, i) => {
    if (ms <= at + 500) index = i;
  });
  if (target.width !== cell[0] || target.height !== cell[1]) {
    target.width = cell[0];
    target.height = cell[1];
  }
  const from = [(index % columns) * cell[0], Math.floor(index / columns) * cell[1]] as const;
  target.getContext("2d")!.drawImage(picture, from[0], from[1], cell[0], cell[1], 0, 0, cell[0], cell[1]);
  return at_ms[index] ?? at;
}
