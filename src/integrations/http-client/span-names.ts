/**
 * Names of client spans. Each may become rows of `span/latency`, and paths hold ids: after so many different ones,
 * further paths are named by their method alone.
 */
export class SpanNames {
  readonly #limit: number
  readonly #known = new Set<string>()

  constructor(limit = 200) {
    this.#limit = limit
  }

  of(method: string, path: string): string {
    if (this.#known.has(path)) return path
    if (this.#known.size >= this.#limit) return method
    this.#known.add(path)
    return path
  }
}
