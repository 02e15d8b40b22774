/** A first-in first-out queue from which any element can be removed in constant time. */
export class Queue<T extends object> {
  readonly #items = new Set<T>();

  get size(): number {
    return this.#items.size;
  }

  push(item: T): void {
    this.#items.add(item);
  }

  delete(item: T): boolean {
    return this.#items.delete(item);
  }

  /** In order. Elements may be removed or added meanwhile. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.values();
  }
}
