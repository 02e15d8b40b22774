/**
 * A first-in first-out queue from which any element can be removed in constant time. Without elements it takes no memory:
 * a handle has several, and few handles ever use one.
 */
export class Queue<T extends object> {
  #items: Set<T> | null = null;

  get size(): number {
    return this.#items?.size ?? 0;
  }

  push(item: T): void {
    this.#items ??= new Set();
    this.#items.add(item);
  }

  delete(item: T): boolean {
    return this.#items?.delete(item) ?? false;
  }

  clear(): void {
    this.#items?.clear();
  }

  /** In order. Elements may be removed or added meanwhile. */
  [Symbol.iterator](): IterableIterator<T> {
    return (this.#items ?? NONE).values();
  }
}

const NONE: ReadonlySet<never> = new Set();
