// A minute of stills in one sealed JPEG: fetched, opened and decoded as the owner scrubs, the last ones kept.

import { attempt, broken, type Result, sealed } from "../../shared/api";
import { Latest } from "../../shared/latest";
import { type SheetFacts, sheetFacts } from "../../shared/mp4";
import { opened } from "../state";

const MOST_DECODED = 8; // about 10 MB each
const MOST_OPENED = 200; // about 0.2 MB each
const MOST_FACTS = 70_000; // bytes at the start of a sheet that its facts lie in

export interface OpenSheet {
  picture: ImageBitmap;
  facts: SheetFacts;
}

const jpegs = new Latest<number, Promise<Result<Blob>>>(MOST_OPENED);
const decoded = new Latest<number, Promise<Result<OpenSheet>>>(
  MOST_DECODED,
  (old) => void old.then((sheet) => sheet.ok && sheet.value.picture.close()),
);

// Fetch and open, but do not decode yet: what neighbours are prepared with.
export function prepare(id: number): Promise<Result<Blob>> {
  return kept(jpegs, id, fetched);
}

export function sheet(id: number): Promise<Result<OpenSheet>> {
  return kept(decoded, id, decode);
}

async function fetched(id: number): Promise<Result<Blob>> {
  const found = await sealed(`/sheets/${id}`);
  if (!found.ok) return found;
  if (!found.value) return broken("This minute of stills is gone.");
  const jpeg = await opened(found.value.bytes);
  return jpeg.ok ? { ok: true, value: new Blob([jpeg.value], { type: "image/jpeg" }) } : jpeg;
}

async function decode(id: number): Promise<Result<OpenSheet>> {
  const jpeg = await prepare(id);
  if (!jpeg.ok) return jpeg;
  return attempt(async () => {
    const facts = sheetFacts(new Uint8Array(await jpeg.value.slice(0, MOST_FACTS).arrayBuffer()));
    if (!facts) throw new Error("This minute of stills cannot be read.");
    return { picture: await createImageBitmap(jpeg.value), facts };
  });
}

// One that failed is asked for again next time.
function kept<T>(
  cache: Latest<number, Promise<Result<T>>>,
  id: number,
  ask: (id: number) => Promise<Result<T>>,
): Promise<Result<T>> {
  const had = cache.get(id);
  if (had) return had;
  const asked = ask(id);
  cache.set(id, asked);
  void asked.then((result) => result.ok || cache.drop(id));
  return asked;
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
