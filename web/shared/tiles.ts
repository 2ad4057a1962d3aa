// A log's tree, of which only what is needed is read (C2SP tlog-tiles). The tiles at its right edge must give the root
// that was cosigned; every other tile must give the hash that the tile above has for it, and every entry the hash in
// its tile. So nothing unverified is believed, and what is held from an earlier look is found again by its hash.

import { type Bytes, b64, joined, same } from "./bytes";
import { foldedRoot, type Hashing, hashing } from "./hashing";
import { type Checkpoint, LogError } from "./ledger";

const WIDTH = 256;
const HASH = 32;

// A file that is not there, as opposed to a log that cannot be reached.
export class NoSuchFile extends Error {}
export type FetchFile = (path: string) => Promise<Bytes>;

const MOST_BYTES = 2 ** 28; // of one log in a page: a month of 10^6 entries takes 4 MB, read by its indexes

// What was verified in this session, by what its hash is: it never has to be read or checked again. A log that makes
// the page hold more than it can is refused.
export class Held {
  readonly tiles = new Map<string, Bytes>();
  readonly bundles = new Map<string, Bytes[]>();
  readonly files = new Map<string, Bytes>(); // of indexes
  private bytes = 0;

  constructor(private readonly most = MOST_BYTES) {}

  keep<T>(shelf: Map<string, T>, name: string, what: T, bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.most)
      throw new LogError("The log has more for you to read than a browser can hold. Ask the programme.");
    shelf.set(name, what);
  }
}

// How tlog-tiles writes the number of a tile: groups of three digits, all but the last with an x.
export function tileName(n: number): string {
  const groups = [String(n % 1000).padStart(3, "0")];
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  return groups.join("/");
}

const partial = (width: number) => (width < WIDTH ? `.p/${width}` : "");
export const hashTile = (level: number, n: number, width: number) => `tile/${level}/${tileName(n)}${partial(width)}`;
export const entryTile = (n: number, width: number) => `tile/entries/${tileName(n)}${partial(width)}`;

// The entries of a bundle: each with its length in two bytes before it.
export function entriesOf(bundle: Bytes): Bytes[] {
  const found: Bytes[] = [];
  for (let at = 0; at < bundle.length; ) {
    const length = ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0);
    if (at + 2 + length > bundle.length) throw new LogError("A bundle of the log is cut short.");
    found.push(bundle.slice(at + 2, at + 2 + length) as Bytes);
    at += 2 + length;
  }
  return found;
}

const notThere = (text: string) => new LogError(text, "not included");

// A log drops the narrower forms of a tile when it has been filled: the full one then begins with what was asked for.
export async function fetchTile(fetchFile: FetchFile, path: (width: number) => string, width: number): Promise<Bytes> {
  try {
    return await fetchFile(path(width));
  } catch (error) {
    if (width === WIDTH || !(error instanceof NoSuchFile)) throw error;
    return fetchFile(path(WIDTH));
  }
}

export class TileTree {
  private readonly tiles = new Map<string, Promise<Bytes>>();
  private readonly bundles = new Map<number, Promise<Bytes[]>>();

  private constructor(
    readonly checkpoint: Checkpoint,
    private readonly fetchFile: FetchFile,
    private readonly held: Held,
    private readonly by: Hashing,
  ) {}

  // Raises LogError unless the tiles at the right edge are those of the checkpoint.
  static async open(checkpoint: Checkpoint, fetchFile: FetchFile, held: Held): Promise<TileTree> {
    const tree = new TileTree(checkpoint, fetchFile, held, await hashing());
    const edge = await tree.edge();
    if (!same(tree.rootOfEdge(edge), checkpoint.root))
      throw notThere("The log's entries are not those that were cosigned.");
    for (const { level, hashes } of edge) tree.tiles.set(`${level}/${tree.fullTiles(level)}`, Promise.resolve(hashes));
    return tree;
  }

  get size(): number {
    return this.checkpoint.size;
  }

  private countAt(level: number): number {
    return Math.floor(this.size / WIDTH ** level);
  }

  private fullTiles(level: number): number {
    return Math.floor(this.countAt(level) / WIDTH);
  }

  // The tile at the end of each level that is not full, the lowest first.
  private async edge(): Promise<{ level: number; hashes: Bytes }[]> {
    const asked: Promise<{ level: number; hashes: Bytes }>[] = [];
    for (let level = 0; this.countAt(level) > 0; level++) {
      const [n, width] = [this.fullTiles(level), this.countAt(level) % WIDTH];
      if (width) asked.push(this.fetched(level, n, width).then((hashes) => ({ level, hashes })));
    }
    return Promise.all(asked);
  }

  // RFC 6962: the largest complete subtrees from the left; the rest of the tree is what is joined to them.
  private rootOfEdge(edge: { hashes: Bytes }[]): Bytes {
    let right: Bytes | null = null;
    for (const { hashes } of edge) {
      const whole = completeIn(hashes).map((part) => foldedRoot(this.by, part));
      for (const left of whole.reverse()) right = right ? this.by.node(left, right) : left;
    }
    return right ?? this.by.plain(new Uint8Array(0));
  }

  private async fetched(level: number, n: number, width: number): Promise<Bytes> {
    const raw = await fetchTile(this.fetchFile, (wide) => hashTile(level, n, wide), width);
    if (raw.length < width * HASH) throw notThere("The log does not show all of its hashes.");
    return raw.slice(0, width * HASH) as Bytes;
  }

  // A full tile, verified by the one above it.
  private tile(level: number, n: number): Promise<Bytes> {
    const name = `${level}/${n}`;
    const known = this.tiles.get(name);
    if (known) return known;
    const asked = this.verified(level, n);
    this.tiles.set(name, asked);
    asked.catch(() => this.tiles.delete(name));
    return asked;
  }

  private async verified(level: number, n: number): Promise<Bytes> {
    const above = await this.at(level + 1, n);
    const held = this.held.tiles.get(b64(above));
    if (held) return held;
    const hashes = await this.fetched(level, n, WIDTH);
    if (!same(foldedRoot(this.by, hashes), above))
      throw notThere("A tile of the log is not the one that was cosigned.");
    this.held.keep(this.held.tiles, b64(above), hashes, hashes.length);
    return hashes;
  }

  // The hash of number `index` of the complete subtrees with 256^level leaves.
  private async at(level: number, index: number): Promise<Bytes> {
    const hashes = await this.tile(level, Math.floor(index / WIDTH));
    const at = (index % WIDTH) * HASH;
    return hashes.subarray(at, at + HASH) as Bytes;
  }

  leafHash(index: number): Promise<Bytes> {
    return this.at(0, index);
  }

  // Of the complete subtree with 2^height leaves.
  private async subtree(height: number, index: number): Promise<Bytes> {
    const [level, within] = [Math.floor(height / 8), 2 ** (height % 8)];
    const first = index * within;
    const hashes = await this.tile(level, Math.floor(first / WIDTH));
    const at = (first % WIDTH) * HASH;
    return foldedRoot(this.by, hashes.subarray(at, at + within * HASH));
  }

  private async range(begin: number, end: number): Promise<Bytes> {
    const length = end - begin;
    const height = Math.floor(Math.log2(length));
    if (length === 2 ** height && begin % length === 0) return this.subtree(height, begin / length);
    const middle = begin + split(length);
    const [left, right] = await Promise.all([this.range(begin, middle), this.range(middle, end)]);
    return this.by.node(left, right);
  }

  // Of the first `size` entries.
  async root(size: number): Promise<Bytes> {
    return size === 0 ? this.by.plain(new Uint8Array(0)) : this.range(0, size);
  }

  // The way up from one entry to the root (RFC 6962, 2.1.1), the lowest hash first.
  async inclusion(index: number): Promise<Bytes[]> {
    const path: Promise<Bytes>[] = [];
    for (let begin = 0, end = this.size; end - begin > 1; ) {
      const middle = begin + split(end - begin);
      path.unshift(index < middle ? this.range(middle, end) : this.range(begin, middle));
      if (index < middle) end = middle;
      else begin = middle;
    }
    return Promise.all(path);
  }

  // The proof that the log begins with its first `old` entries (RFC 6962, 2.1.2).
  async consistency(old: number): Promise<Bytes[]> {
    if (old <= 0 || old >= this.size) return [];
    const path: Promise<Bytes>[] = [];
    let [begin, end, isWhole] = [0, this.size, true]; // whether what is left begins with the first entry
    while (old !== end) {
      const middle = begin + split(end - begin);
      path.unshift(old <= middle ? this.range(middle, end) : this.range(begin, middle));
      if (old <= middle) end = middle;
      else [begin, isWhole] = [middle, false];
    }
    if (!isWhole) path.unshift(this.range(begin, end));
    return Promise.all(path);
  }

  // All entries of one bundle.
  bundle(n: number): Promise<Bytes[]> {
    const known = this.bundles.get(n);
    if (known) return known;
    const asked = this.verifiedBundle(n);
    this.bundles.set(n, asked);
    asked.catch(() => this.bundles.delete(n));
    return asked;
  }

  private async verifiedBundle(n: number): Promise<Bytes[]> {
    const hashes = await this.tile(0, n);
    const name = b64(foldedRoot(this.by, hashes));
    const held = this.held.bundles.get(name);
    if (held) return held;
    const width = hashes.length / HASH;
    const raw = await fetchTile(this.fetchFile, (wide) => entryTile(n, wide), width);
    const entries = entriesOf(raw).slice(0, width);
    const found = joined(entries.map((entry) => this.by.leaf(entry)));
    if (!same(found, hashes)) throw notThere("The log's entries are not those that were cosigned.");
    if (width === WIDTH) this.held.keep(this.held.bundles, name, entries, raw.length);
    return entries;
  }

  async entry(index: number): Promise<Bytes> {
    return (await this.bundle(Math.floor(index / WIDTH)))[index % WIDTH]!;
  }

  // Whether the log holds this entry at this place.
  async holds(index: number, entry: Bytes): Promise<boolean> {
    return index < this.size && same(await this.leafHash(index), this.by.leaf(entry));
  }
}

// The largest power of two below `length`.
function split(length: number): number {
  let k = 1;
  while (k * 2 < length) k *= 2;
  return k;
}

// The complete subtrees of fewer than 256 hashes side by side, the largest first.
function completeIn(hashes: Bytes): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let width = WIDTH / 2, at = 0; width >= 1; width /= 2)
    if ((hashes.length / HASH) & width) {
      found.push(hashes.subarray(at, at + width * HASH));
      at += width * HASH;
    }
  return found;
}
