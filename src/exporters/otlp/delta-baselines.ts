import { memoize } from '../../base/memoize.js'
import type { ExponentialValue } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import { hasRestarted } from '../has-restarted.js'

/** What the receiver has of the rows of one chunk: for each row its identity, its start time, the time of its last point, and its value. */
export class ChunkBaseline {
  /** Rows without a value since this epoch have not changed after they were sent. */
  epoch = 0
  readonly stride: number
  #values: Float64Array
  readonly #exponentials: (ExponentialValue | undefined)[] = []

  constructor(size: number, stride: number) {
    this.stride = stride
    this.#values = new Float64Array(size * stride).fill(Number.NaN)
  }

  /** Reserves memory for at least `size` rows. */
  grow(size: number): void {
    if (size * this.stride <= this.#values.length) return
    const grown = new Float64Array(Math.max(size, Math.min(512, (2 * this.#values.length) / this.stride)) * this.stride).fill(Number.NaN)
    grown.set(this.#values)
    this.#values = grown
  }

  /** True if this row has been sent, and was neither replaced nor reset since. */
  has(chunk: RowChunk, cell: number): boolean {
    const at = cell * this.stride
    return this.#values[at]! === chunk.createdIn(cell) && !hasRestarted(chunk, this.#values[at + 1]!, chunk.startTimeUnixMs(cell))
  }

  /** The time of the last point of the row that was sent. */
  sentUntilUnixMs(cell: number): number {
    return this.#values[cell * this.stride + 2]!
  }

  /** Number `at` of the value that was sent: the value of a scalar; sum, count and buckets of a distribution. */
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

/** The number of values before that of the row: the generation it was created in, its start time, the time of its last point. */
const IDENTITY = 3

/** The new baselines of the rows in one part, which are set once the part has been delivered. */
export class PendingBaselines {
  readonly #baselines: ChunkBaseline[] = []
  readonly #cells: number[] = []
  /** The index of the point in the part. */
  readonly #points: number[] = []
  readonly #values: number[] = []
  readonly #offsets: number[] = []
  readonly #exponentials: (ExponentialValue | undefined)[] = []

  /** Begins a row. Call {@link value} next, as often as the stride of the baseline. */
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

  /** Call if points `from` to `to` were delivered, or refused for good: in both cases they must not be sent again. */
  commit(from: number, to: number): void {
    for (const [i, point] of this.#points.entries()) {
      if (point < from || point >= to) continue
      this.#baselines[i]!.set(this.#cells[i]!, this.#values, this.#offsets[i]!, this.#exponentials[i])
    }
  }
}

/**
 * The last values of each row that one exporter has sent. Each exporter has its own, so that two exporters of one producer both get all
 * deltas. A chunk is found by its index in the source, since its object may be replaced.
 */
export class DeltaBaselines {
  readonly #chunksOf = memoize((_source: RowSource): (ChunkBaseline | undefined)[] => [])
  #visited: { readonly baseline: ChunkBaseline; readonly epoch: number }[] = []

  /** Returns the baselines of a chunk. Call before its rows are read. */
  visit(source: RowSource, index: number, chunk: RowChunk): ChunkBaseline {
    const chunks = this.#chunksOf(source)
    const stride = IDENTITY + (source.kind === 'distribution' ? source.bounds.length + 3 : 1)
    const baseline = (chunks[index] ??= new ChunkBaseline(chunk.size, stride))
    baseline.grow(chunk.size)
    // Values that are recorded while the rows are read have this epoch, so that the next export compares them.
    this.#visited.push({ baseline, epoch: source.epoch })
    return baseline
  }

  /**
   * Call when all parts of an export have settled.
   * @param isComplete False if a part was not delivered, or not all rows were read. The next export then compares all rows.
   */
  settle(isComplete: boolean): void {
    if (isComplete) for (const { baseline, epoch } of this.#visited) baseline.epoch = epoch
    this.#visited = []
  }
}
