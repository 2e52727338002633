import type { MetricDescriptor } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import { unixNanoWords } from '../protobuf-writer.js'
import { AS_DOUBLE, AS_INT, START } from './point-writer.js'

/** Enough for about 100,000 counters with two labels. The points of further chunks are encoded in each export. */
const MAX_CACHED_BYTES = 8 << 20
/** A tag and eight bytes. */
const FIXED64_BYTES = 9

/**
 * Caches the encoded points of counters and gauges between the exports of one exporter, chunk by chunk. Unchanged rows only get the time of
 * the export. See bench/push/push.bench.js.
 *
 * The points of a chunk are valid while its version and descriptor are the same. Values recorded since are overwritten. They are dropped if
 * the chunk is not part of an export. Chunks with exemplars, with start times that may change, or that are not shown completely have none.
 */
export class PointCache {
  #cached = new Map<RowChunk, ChunkPoints>()
  #previous = new Map<RowChunk, ChunkPoints>()
  #bytes = 0

  /** Call before the rows of an export are read. */
  begin(): void {
    this.#previous = this.#cached
    this.#cached = new Map()
    this.#bytes = 0
  }

  /** Call after the rows of an export have been read. */
  end(): void {
    this.#previous.clear()
  }

  /**
   * Returns the points of a chunk with the values of an earlier export. Undefined if they are not cached, or not valid any more.
   * @param generation The generation of the source when its first row was read, see `isVisibleIn`.
   */
  find({ descriptor }: RowSource, generation: number, chunk: RowChunk): ChunkPoints | undefined {
    const points = this.#previous.get(chunk)
    return chunk.newestGeneration <= generation && points?.isValid(descriptor, chunk) === true ? points : undefined
  }

  /** Updates the points of a chunk, and keeps them for the next export. Returns false if that is not possible. */
  update(points: ChunkPoints, source: RowSource, chunk: RowChunk, timeUnixMs: number): boolean {
    const { epoch } = source
    if (!points.setValues(chunk, epoch)) return false
    points.setTime(timeUnixMs)
    this.#keep(chunk, points)
    return true
  }

  /** Begins to cache the points of a chunk, before they are written. Undefined if that is not possible. */
  record(source: RowSource, generation: number, chunk: RowChunk): ChunkRecording | undefined {
    const isFixed = chunk.restartedIn === undefined && chunk.newestGeneration <= generation
    return isFixed && chunk.size > 0 && this.#bytes < MAX_CACHED_BYTES ? new ChunkRecording(source, chunk) : undefined
  }

  /** Call when all points of the chunk have been written. @param bytes The points. They are copied. */
  add(recording: ChunkRecording, bytes: Uint8Array, timeUnixMs: number): void {
    const points = recording.end(bytes, timeUnixMs)
    if (points !== undefined) this.#keep(recording.chunk, points)
  }

  #keep(chunk: RowChunk, points: ChunkPoints): void {
    this.#bytes += points.memoryBytes
    if (this.#bytes <= MAX_CACHED_BYTES) this.#cached.set(chunk, points)
  }
}

/** The state of a chunk before its points are written, and the cells that are. */
export class ChunkRecording {
  readonly chunk: RowChunk
  readonly cells: number[] = []
  readonly #source: RowSource
  readonly #version: number
  readonly #epoch: number

  constructor(source: RowSource, chunk: RowChunk) {
    this.#source = source
    this.chunk = chunk
    this.#version = chunk.version
    this.#epoch = source.epoch
  }

  end(bytes: Uint8Array, timeUnixMs: number): ChunkPoints | undefined {
    const { chunk, cells } = this
    if (chunk.version !== this.#version) return undefined
    // A row that is younger than the export has a later time than the others.
    const isPlain = (cell: number): boolean => chunk.exemplar(cell, 0) === undefined && !(chunk.startTimeUnixMs(cell) > timeUnixMs)
    if (!cells.every(isPlain)) return undefined
    return new ChunkPoints(this.#source.descriptor, this.#version, this.#epoch, bytes, cells)
  }
}

/** The encoded points of one chunk. */
class ChunkPoints {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #descriptor: MetricDescriptor
  readonly #version: number
  #epoch: number
  /** The cell of each point, and the offsets of its time and its end. */
  readonly #cells: Uint16Array
  readonly #timeOffsets: Uint32Array
  readonly #ends: Uint32Array

  constructor(descriptor: MetricDescriptor, version: number, epoch: number, bytes: Uint8Array, cells: readonly number[]) {
    this.#descriptor = descriptor
    this.#version = version
    this.#epoch = epoch
    this.bytes = new Uint8Array(bytes)
    this.#view = new DataView(this.bytes.buffer)
    this.#cells = Uint16Array.from(cells)
    this.#timeOffsets = new Uint32Array(cells.length)
    this.#ends = new Uint32Array(cells.length)
    this.#findOffsets()
  }

  get points(): number {
    return this.#cells.length
  }

  get memoryBytes(): number {
    return this.bytes.length + this.#cells.length * 10
  }

  /** Reads the length of each point, and whether it has a start time, which comes before the time. */
  #findOffsets(): void {
    const { bytes } = this
    let at = 0
    for (let point = 0; point < this.#cells.length; point++) {
      let length = 0
      let shift = 0
      do {
        at++
        length |= (bytes[at]! & 127) << shift
        shift += 7
      } while (bytes[at]! > 127)
      at++
      this.#timeOffsets[point] = at + (bytes[at] === START ? FIXED64_BYTES + 1 : 1)
      at += length
      this.#ends[point] = at
    }
  }

  isValid(descriptor: MetricDescriptor, chunk: RowChunk): boolean {
    return chunk.version === this.#version && descriptor === this.#descriptor
  }

  /** Overwrites the values that have changed. Returns false if a row has an exemplar now. @param epoch The current one of the source. */
  setValues(chunk: RowChunk, epoch: number): boolean {
    const cells = this.#cells
    for (let point = 0; point < cells.length; point++) {
      const cell = cells[point]!
      if (chunk.lastEpoch(cell) < this.#epoch) continue
      if (chunk.exemplar(cell, 0) !== undefined) return false
      this.#setValue(this.#ends[point]! - FIXED64_BYTES, chunk.value(cell))
    }
    this.#epoch = epoch
    return true
  }

  setTime(unixMs: number): void {
    const { low, high } = unixNanoWords(unixMs)
    const view = this.#view
    const offsets = this.#timeOffsets
    for (let point = 0; point < offsets.length; point++) {
      const offset = offsets[point]!
      view.setUint32(offset, low, true)
      view.setUint32(offset + 4, high, true)
    }
  }

  /** Writes the same bytes as `PointWriter.number`. */
  #setValue(offset: number, value: number): void {
    const view = this.#view
    if (this.#descriptor.type.endsWith('_INT64') && Number.isSafeInteger(value)) {
      view.setUint8(offset, AS_INT)
      view.setUint32(offset + 1, value, true)
      view.setUint32(offset + 5, Math.floor(value / 2 ** 32), true)
    } else {
      view.setUint8(offset, AS_DOUBLE)
      view.setFloat64(offset + 1, value + 0, true)
    }
  }
}
