// Keeps the things used last, up to a number of them; what is let go is told, so that it can free what it holds.

export class Latest<K, V> {
  private readonly kept = new Map<K, V>();

  constructor(
    private readonly most: number,
    private readonly letGo: (value: V) => void = () => {},
  ) {}

  get(key: K): V | undefined {
    const found = this.kept.get(key);
    if (found !== undefined) {
      this.kept.delete(key);
      this.kept.set(key, found);
    }
    return found;
  }

  set(key: K, value: V) {
    this.drop(key);
    this.kept.set(key, value);
    for (const [oldest] of this.kept) {
      if (this.kept.size <= this.most) break;
      this.drop(oldest);
    }
  }

  drop(key: K) {
    const old = this.kept.get(key);
    this.kept.delete(key);
    if (old !== undefined) this.letGo(old);
  }
}
