import { TimeSlicer } from '../../base/time-slicer.js'
import type { Clock } from '../../base/clock.js'
import { gatherFamilies, beginGathering } from '../../metrics/collection/gather.js'
import type { TimeSeries } from '../../metrics/data/metric.js'
import type { GatheringContext, MetricProducer } from '../../metrics/data/producer.js'
import { type Family, isRowSource, type RowSource } from '../../metrics/data/row-source.js'
import { seriesOf } from '../../metrics/data/snapshot.js'
import type { ChangeReader } from '../data/contributor.js'
import { rowsFrame, seriesKey } from './snapshot-frames.js'

const SERIES_PER_FRAME = 200
const NOW_MS = 0

interface SentFamily {
  readonly number: number
  readonly definition: string
  /** What was sent last, by the key of the series. */
  readonly sent: Map<string, string>
  epoch: number
  generation: number
}

/** What has changed in some producers since they were last read. Rows that have recorded nothing since are not looked at. */
export class SnapshotChanges implements ChangeReader {
  readonly #producers: readonly MetricProducer[]
  readonly #clock: Clock
  #families = new Map<string, SentFamily>()
  #isRestarted = true

  constructor(producers: readonly MetricProducer[], clock: Clock) {
    this.#producers = producers
    this.#clock = clock
  }

  async *frames(context?: GatheringContext): AsyncGenerator<Uint8Array> {
    const slicer = new TimeSlicer()
    const families = await gatherFamilies(this.#producers, { ...context, clock: this.#clock, keepAlive: false })
    for (const frame of this.#changes(families)) {
      if (slicer.isOver) await slicer.nextSlice()
      if (frame !== undefined) yield frame
    }
  }

  *framesNow(): Generator<Uint8Array> {
    const { soFar } = beginGathering(this.#producers, { timeoutMs: NOW_MS, clock: this.#clock, keepAlive: false })
    for (const frame of this.#changes(soFar())) if (frame !== undefined) yield frame
  }

  restart(): void {
    this.#isRestarted = true
  }

  /** Undefined now and then, so that the caller can end its slice. */
  *#changes(families: readonly Family[]): Generator<Uint8Array | undefined> {
    const isRestarted = this.#isRestarted
    if (isRestarted) {
      this.#isRestarted = false
      this.#families = new Map()
      yield rowsFrame({ kind: 'restart' })
    }
    const own = this.#families
    for (const family of families) {
      const definition = JSON.stringify(family.descriptor)
      let known = own.get(family.descriptor.name)
      if (known?.definition !== definition) {
        known = { number: own.size, definition, sent: new Map(), epoch: 0, generation: -1 }
        // A definition that is new under a known name, which happens in tests, begins anew with everything.
        if (own.has(family.descriptor.name)) {
          this.restart()
          return
        }
        own.set(family.descriptor.name, known)
        yield rowsFrame({ kind: 'define', family: known.number, descriptor: family.descriptor })
      }
      yield* changesOf(family, known, this.#clock.unixMs())
    }
    if (isRestarted && own === this.#families) yield rowsFrame({ kind: 'whole' })
  }
}

function* changesOf(family: Family, known: SentFamily, timeUnixMs: number): Generator<Uint8Array | undefined> {
  const changed: TimeSeries[] = []
  const live = !isRowSource(family) || family.generation !== known.generation ? new Set<string>() : undefined
  const series = isRowSource(family) ? changedRows(family, known.epoch, live, timeUnixMs) : family.timeSeries
  for (const each of series) {
    if (each === undefined) {
      yield undefined
      continue
    }
    const key = seriesKey(each)
    if (!isRowSource(family)) live?.add(key)
    const value = JSON.stringify([each.points[0]!.value, each.startTimeUnixMs, each.exemplar])
    if (known.sent.get(key) === value) continue
    known.sent.set(key, value)
    changed.push(each)
    if (changed.length >= SERIES_PER_FRAME) yield rowsFrame({ kind: 'values', family: known.number, series: changed.splice(0) })
  }
  if (isRowSource(family)) {
    known.epoch = family.epoch
    known.generation = family.generation
  }
  if (changed.length > 0) yield rowsFrame({ kind: 'values', family: known.number, series: changed })
  const gone = live === undefined ? [] : [...known.sent.keys()].filter((key) => !live.has(key))
  for (const key of gone) known.sent.delete(key)
  while (gone.length > 0) yield rowsFrame({ kind: 'gone', family: known.number, keys: gone.splice(0, SERIES_PER_FRAME) })
}

/** Rows that may have changed since this epoch; with `live`, the keys of all rows besides. */
function* changedRows(
  source: RowSource,
  epoch: number,
  live: Set<string> | undefined,
  timeUnixMs: number,
): Generator<TimeSeries | undefined> {
  for (const chunk of source.chunks) {
    for (let cell = 0; cell < chunk.size; cell++) {
      if (!chunk.isLive(cell) || (live === undefined && chunk.lastEpoch(cell) < epoch)) continue
      const series = seriesOf(source, chunk, cell, timeUnixMs)
      live?.add(seriesKey(series))
      yield series
    }
    yield undefined
  }
}
