import { memoize } from '../../metrics/data/memoize.js'
import type { ExponentialValue } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'

/** What of the rows of one chunk the receiver has: for each row its identity, since when it counts, until when it was sent, and what it was. */
export class ChunkBaseline {
  /** Rows with no value from this epoch on have been sent as they are. */
  epoch = 0
  /** True if some of what was read in this export could not be delivered: then all rows are looked at again. */
  hasFailed = false
  readonly stride: number
  #values: Float64Array
  readonly #exponentials: (ExponentialValue | undefined)[] = []

  constructor(size: number, stride: number) {
    this.stride = stride
    this.#values = new Float64Array(size * stride).fill(Number.NaN)
  }

  /** Makes room for the rows that the chunk has now. */
  grow(size: number): void {
    if (size * this.stride <= this.#values.length) return
    const grown = new Float64Array(Math.max(size, Math.min(512, (2 * this.#values.length) / this.stride)) * this.stride).fill(Number.NaN)
    grown.set(this.#values)
    this.#values = grown
  }

  /** True if this very row has been sent, and has not been reset since. */
  has(chunk: RowChunk, cell: number): boolean {
    const at = cell * this.stride
    return this.#values[at]! === chunk.createdIn(cell) && Object.is(this.#values[at + 1]!, chunk.startTimeUnixMs(cell))
  }

  /** The last time for which the row was sent. */
  sentUntilUnixMs(cell: number): number {
    return this.#values[cell * this.stride + 2]!
  }

  /** Number `at` of what was sent: the value, or the sum, the count and the buckets. */
  sent(cell: number, at: number): number {
    return this.#values[cell * this.stride + IDENTITY + at]!
  }

  exponential(cell: number): ExponentialValue | undefined {
    return this.#exponentials[cell]
  }

  set(cell: number, values: readonly number[], from: number, exponential: ExponentialValue | undefined): void {
    for (let i = 0; i < this.stride; i++) this.#values[cell * this.stride + i] = values[from + i]!
    if (exponential !== undefined || this.#exponentials[cell] !== undefined) this.#exponentials[cell] = exponential
  }
}

/** Identity of a row, since when it counts, and until when it was sent. */
export const IDENTITY = 3

/** What becomes of the baselines if a part arrives: kept with the part until it is known whether it did. */
export class PendingBaselines {
  readonly #baselines: ChunkBaseline[] = []
  readonly #cells: number[] = []
  /** The number of the point in the part. */
  readonly #points: number[] = []
  readonly #values: number[] = []
  readonly #offsets: number[] = []
  readonly #exponentials: (ExponentialValue | undefined)[] = []

  /** Begins a row; its values follow by {@link value}, as many as the stride of the baseline. */
  begin(baseline: ChunkBaseline, cell: number, point: number, exponential: ExponentialValue | undefined): void {
    this.#baselines.push(baseline)
    this.#cells.push(cell)
    this.#points.push(point)
    this.#offsets.push(this.#values.length)
    this.#exponentials.push(exponential)
  }

  value(value: number): void {
    this.#values.push(value)
  }

  /** Points `from` to `to` have arrived, or will never. */
  commit(from: number, to: number): void {
    this.#each(from, to, (i) => this.#baselines[i]!.set(this.#cells[i]!, this.#values, this.#offsets[i]!, this.#exponentials[i]))
  }

  /** Points `from` to `to` may not have arrived: their growth goes along with the next export. */
  fail(from: number, to: number): void {
    this.#each(from, to, (i) => {
      this.#baselines[i]!.hasFailed = true
    })
  }

  #each(from: number, to: number, visit: (i: number) => void): void {
    for (const [i, point] of this.#points.entries()) if (point >= from && point < to) visit(i)
  }
}

/**
 * What one exporter has sent of each row. It is the exporter's own, so that two exporters of one producer do not take growth from
 * each other. A chunk's place in its source stays the same, its object may be made anew.
 */
export class DeltaBaselines {
  readonly #chunksOf = memoize((_source: RowSource): (ChunkBaseline | undefined)[] => [])
  #visited: { readonly baseline: ChunkBaseline; readonly epoch: number }[] = []

  /** The baselines of a chunk that is about to be read. */
  visit(source: RowSource, index: number, chunk: RowChunk): ChunkBaseline {
    const chunks = this.#chunksOf(source)
    const stride = IDENTITY + (source.kind === 'distribution' ? source.bounds.length + 3 : 1)
    const baseline = (chunks[index] ??= new ChunkBaseline(chunk.size, stride))
    baseline.grow(chunk.size)
    // Rows are live: what is recorded from now on has this epoch, and is looked at again.
    this.#visited.push({ baseline, epoch: source.epoch })
    return baseline
  }

  /** Call when all parts of an export have settled. */
  settle(): void {
    for (const { baseline, epoch } of this.#visited) {
      if (!baseline.hasFailed) baseline.epoch = epoch
      baseline.hasFailed = false
    }
    this.#visited = []
  }
}
