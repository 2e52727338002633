import { isThenable } from '../../base/finally-async.js'
import { checkedFamilies } from '../../metrics/collection/gather.js'
import { TimeSlicer } from '../../base/time-slicer.js'
import { getOrInsert } from '../../base/get-or-insert.js'
import { warnOnce } from '../../base/logger.js'
import { errorText } from '../../base/rate-limited-log.js'
import { componentName } from '../../base/strings/inspect-value.js'
import type { GatheringContext, MetricProducer } from '../../metrics/data/producer.js'
import { type Family, isRowSource, type RowSource } from '../../metrics/data/row-source.js'
import { ChangedSource, type OnDropped } from './changed-source.js'
import { type ChangeReader, DEFAULT_DATA_LIMITS, type FrameSender } from '../frames/contributor.js'
import { definitionOf, definitionText, identityOf } from '../frames/family-definition.js'
import { FrameBuilder } from '../frames/frame-builder.js'
import { FRAME } from '../frames/frame-writer.js'
import { SnapshotTables } from './snapshot-table.js'

/** The families of a producer. If it fails or is late they are undefined, and its rows stay as they were sent. */
type Gathered = readonly Family[] | undefined

interface SentSource {
  readonly changes: ChangedSource
  readonly producer: MetricProducer
  readonly identity: string
  readonly part: number
  /** False for a definition that does not fit into a frame: its rows are not sent. */
  readonly isDefined: boolean
}

interface ListedSource {
  readonly source: RowSource
  readonly producer: MetricProducer
  readonly producerIndex: number
  /** See `identityOf`. */
  readonly identity: string
  /** True if chunks of which rows were sent are gone. */
  readonly hasLostChunks: boolean
}

const PARTS_PER_PRODUCER = 1_024
/** The context of a reading at the end of a process, for which no promise is awaited. */
const NOW: GatheringContext = { timeoutMs: 0 }

/** See {@link ChangeReader}. */
export class ChangedRows implements ChangeReader {
  readonly #producers: readonly MetricProducer[]
  readonly #line: FrameBuilder
  readonly #onDropped: OnDropped
  readonly #tables = new WeakMap<MetricProducer, SnapshotTables>()
  readonly #sources = new Map<RowSource, SentSource>()
  readonly #parts = new Set<string>()
  /** Row sources of the application that have thrown while they were read. They are not read again. */
  readonly #unreadable = new WeakSet<RowSource>()
  #next = 0
  #isNew = true
  #owesComplete = false

  /** @param options `frameBytes` limits a frame. Default 1 MiB. `onDropped` is called for what needs more. */
  constructor(
    producers: readonly MetricProducer[],
    { frameBytes = DEFAULT_DATA_LIMITS.frameBytes, onDropped = () => {} }: { frameBytes?: number; onDropped?: OnDropped } = {},
  ) {
    this.#producers = producers
    this.#line = new FrameBuilder(frameBytes)
    this.#onDropped = onDropped
  }

  get rowCount(): number {
    let rows = 0
    for (const { changes } of this.#sources.values()) rows += changes.rowCount
    return rows
  }

  restart(): void {
    this.#line.finish()
    this.#sources.clear()
    this.#parts.clear()
    this.#next = 0
    this.#isNew = true
  }

  async sendTo(send: FrameSender, context?: GatheringContext): Promise<void> {
    const gathered = await Promise.all(this.#producers.map(async (producer) => familiesOf(producer, context)))
    const slicer = new TimeSlicer()
    for (const frame of this.#walk(gathered)) {
      const sent = frame === undefined || send(frame)
      if (sent !== true && !(await sent)) return
      if (slicer.isOver) await slicer.nextSlice()
    }
  }

  *framesNow(): Generator<Uint8Array> {
    const open = this.#line.finish()
    if (open !== undefined) yield open
    const gathered = this.#producers.map((producer) => {
      const families = familiesOf(producer, NOW)
      return isThenable(families) ? undefined : (families as Gathered)
    })
    for (const frame of this.#walk(gathered)) if (frame !== undefined) yield frame
  }

  *#walk(gathered: readonly Gathered[]): Generator<Uint8Array | undefined> {
    const listed: ListedSource[] = []
    const read = new Set<MetricProducer>()
    for (const [producerIndex, families] of gathered.entries()) {
      if (families === undefined) continue
      const producer = this.#producers[producerIndex]!
      const sources = this.#sourcesOf(producer, families)
      if (sources === undefined) continue
      read.add(producer)
      for (const source of sources) {
        const listedSource = this.#listed(source, producer, producerIndex)
        if (listedSource !== undefined) listed.push(listedSource)
      }
    }
    if (this.#areRowsMoved(listed, read)) this.restart()
    if (this.#isNew) {
      this.#isNew = false
      this.#owesComplete = true
      yield this.#line.boundary(FRAME.RESTART)
    }
    yield* this.#drop(new Set(listed.map(({ source }) => source)), read)
    for (const listedSource of listed) {
      try {
        yield* this.#changes(listedSource)
      } catch (error) {
        failed(listedSource.producer, error)
        this.#unreadable.add(listedSource.source)
        this.restart() // a frame may be half written, and rows in it count as sent
        return yield* this.#walk(gathered)
      }
    }
    yield* this.#finish()
    if (!this.#owesComplete) return
    this.#owesComplete = false
    yield this.#line.boundary(FRAME.COMPLETE)
  }

  *#finish(): Generator<Uint8Array> {
    const open = this.#line.finish()
    if (open !== undefined) yield open
  }

  /** Returns undefined if a snapshot of the application throws while it is read. */
  #sourcesOf(producer: MetricProducer, families: readonly Family[]): readonly RowSource[] | undefined {
    try {
      return families.flatMap((family) => {
        return isRowSource(family) ? [family] : getOrInsert(this.#tables, producer, () => new SnapshotTables()).update(family)
      })
    } catch (error) {
      return failed(producer, error)
    }
  }

  /** Returns undefined if the source is not read any more, or throws now. */
  #listed(source: RowSource, producer: MetricProducer, producerIndex: number): ListedSource | undefined {
    if (this.#unreadable.has(source)) return undefined
    const known = this.#sources.get(source)
    try {
      const identity = known?.identity ?? identityOf(definitionOf(source))
      return { source, producer, producerIndex, identity, hasLostChunks: known?.changes.hasLostChunks === true }
    } catch (error) {
      this.#unreadable.add(source)
      return failed(producer, error)
    }
  }

  /**
   * True if a source has been replaced by one of the same definition, or has other chunks than before, as when rows of one of several views
   * are removed. Its rows must be sent again as those that they were: if they were removed and added, their totals would count twice.
   */
  #areRowsMoved(listed: readonly ListedSource[], read: ReadonlySet<MetricProducer>): boolean {
    const lost = new Map(this.#sources)
    for (const { source, hasLostChunks } of listed) {
      if (hasLostChunks) return true
      lost.delete(source)
    }
    if (lost.size === 0) return false
    const identities = new Map<MetricProducer, Set<string>>()
    for (const { producer, identity } of lost.values()) {
      if (read.has(producer)) getOrInsert(identities, producer, () => new Set()).add(identity)
    }
    return listed.some(({ source, producer, identity }) => {
      return !this.#sources.has(source) && identities.get(producer)?.has(identity) === true
    })
  }

  /** Drops families that their producer no longer has. Runs first, because a new family may have the definition of a dropped one. */
  *#drop(listed: ReadonlySet<RowSource>, read: ReadonlySet<MetricProducer>): Generator<Uint8Array> {
    for (const [source, { changes, producer, identity, part, isDefined }] of this.#sources) {
      if (listed.has(source) || !read.has(producer)) continue
      yield* this.#finish()
      this.#sources.delete(source)
      this.#parts.delete(`${part} ${identity}`)
      if (isDefined) yield this.#line.single(FRAME.DROP, changes.family)
    }
  }

  *#changes({ source, producer, producerIndex, identity }: ListedSource): Generator<Uint8Array | undefined> {
    let known = this.#sources.get(source)
    if (known === undefined) {
      const part = this.#freePart(identity, producerIndex)
      yield* this.#finish()
      const changes = new ChangedSource(source, this.#next++, this.#onDropped)
      const frame = this.#line.define(changes.family, part, definitionText(definitionOf(source)))
      known = { changes, producer, identity, part, isDefined: frame !== undefined }
      this.#sources.set(source, known)
      if (frame === undefined) this.#onDropped('family')
      else yield frame
    }
    if (known.isDefined) yield* known.changes.changes(this.#line)
  }

  /** Returns a number that distinguishes families with the same definition. It depends on the producer and on their order. */
  #freePart(identity: string, producerIndex: number): number {
    let part = producerIndex * PARTS_PER_PRODUCER
    while (this.#parts.has(`${part} ${identity}`)) part++
    this.#parts.add(`${part} ${identity}`)
    return part
  }
}

function familiesOf(producer: MetricProducer, context?: GatheringContext): Gathered | Promise<Gathered> {
  try {
    const families = producer.getFamilies?.(context) ?? producer.getMetrics(context)
    if (!isThenable(families)) return checkedFamilies(families)
    return Promise.resolve(families)
      .then(checkedFamilies<Family>)
      .catch((error: unknown) => failed(producer, error))
  } catch (error) {
    return failed(producer, error)
  }
}

function failed(producer: MetricProducer, error: unknown): undefined {
  const name = componentName(producer, 'producer')
  warnOnce('TALLYSCOPE_PRODUCER_FAILED', `${name} group`, `the group gets no new values from ${name}: ${errorText(error)}`)
}
