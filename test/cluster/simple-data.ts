import type { Clock } from '../../src/base/clock.js'
import { type ChangeReader, type Contributor, DEFAULT_DATA_LIMITS, type FrameSender } from '../../src/cluster/frames/contributor.js'
import { damaged } from '../../src/cluster/frames/frame-error.js'
import { FRAME, FrameWriter, kindOf } from '../../src/cluster/frames/frame-writer.js'
import { PayloadReader } from '../../src/cluster/frames/payload-reader.js'
import type { GroupData, MergedData } from '../../src/cluster/group-data.js'
import type { MetricProducer } from '../../src/metrics/data/producer.js'
import type { Metric } from '../../src/metrics/data/metric.js'

// Rows as simple as can be, for tests of connections: a metric is one number, and its name is its label.

/** A producer of numbers that a test sets. */
export class Numbers implements MetricProducer {
  readonly name = 'Numbers'
  readonly values: Record<string, number> = {}

  getMetrics(): Metric[] {
    return Object.entries(this.values).map(([name, value]) => metric(name, value))
  }

  getFamilies(): Metric[] {
    return this.getMetrics()
  }
}

/** What families hold, by name. */
export function numbersOf(families: readonly unknown[]): Record<string, number> {
  return Object.fromEntries(
    (families as Metric[]).map(({ descriptor, timeSeries }) => [descriptor.name, Number(timeSeries[0]!.points[0]!.value)]),
  )
}

export function simpleData(clock: Clock): GroupData {
  const limits = DEFAULT_DATA_LIMITS
  return {
    clock,
    limits,
    merged: () => new SimpleRows(),
    mirror: () => new SimpleRows(),
    changes: (producers) => new SimpleChanges(producers),
  }
}

/** Names that begin with `gauge` are gauges. */
const isGauge = (name: string): boolean => name.startsWith('gauge')

function metric(name: string, value: number): Metric {
  const type = isGauge(name) ? 'GAUGE_DOUBLE' : 'CUMULATIVE_DOUBLE'
  const descriptor = { name, description: '', unit: '1', type, labelKeys: [] } as const
  return { descriptor, timeSeries: [{ labelValues: [], points: [{ timeUnixMs: 0, value }] }] }
}

interface Part {
  readonly values: Map<string, number>
  isCounted: boolean
  areGaugesShown: boolean
}

class SimpleRows implements MergedData {
  readonly parts = new Map<string, Part>()
  readonly account: Part = { values: new Map(), isCounted: true, areGaugesShown: false }

  contributor(id: string, slot: number): Contributor {
    let part = this.parts.get(id)
    if (part === undefined) {
      part = { values: new Map(), isCounted: true, areGaugesShown: true }
      this.parts.set(id, part)
    }
    return new SimpleContributor(this, id, slot, part)
  }

  get rowCount(): number {
    return this.families().length
  }

  settle(): void {}

  families(): Metric[] {
    return sums([this.account, ...this.parts.values()])
  }

  departed(): Metric[] {
    return sums([this.account])
  }
}

function sums(parts: readonly Part[]): Metric[] {
  const all = new Map<string, number>()
  for (const { values, areGaugesShown } of parts) {
    for (const [name, value] of values) if (areGaugesShown || !isGauge(name)) all.set(name, (all.get(name) ?? 0) + value)
  }
  return [...all].sort().map(([name, value]) => metric(name, value))
}

class SimpleContributor implements Contributor {
  #sentAgain: Set<string> | undefined

  readonly rows: SimpleRows
  readonly id: string
  readonly slot: number
  readonly part: Part

  constructor(rows: SimpleRows, id: string, slot: number, part: Part) {
    this.rows = rows
    this.id = id
    this.slot = slot
    this.part = part
  }

  get rowCount(): number {
    return this.part.values.size
  }

  apply(frame: Uint8Array): void {
    const { values } = this.part
    switch (kindOf(frame)) {
      case FRAME.RESTART:
        this.#sentAgain = new Set()
        this.part.areGaugesShown = true
        return
      case FRAME.VALUES: {
        const reader = new PayloadReader(frame)
        const name = reader.text()
        values.set(name, reader.double())
        this.#sentAgain?.add(name)
        return
      }
      case FRAME.COMPLETE:
        for (const name of values.keys()) if (this.#sentAgain?.has(name) === false) values.delete(name)
        this.#sentAgain = undefined
        return
      default:
        throw damaged('its kind is unknown')
    }
  }

  showGauges(isShown: boolean): void {
    this.part.areGaugesShown = isShown
  }

  depart(): void {
    const { account, parts } = this.rows
    for (const [name, value] of this.part.values) {
      if (!isGauge(name)) account.values.set(name, (account.values.get(name) ?? 0) + value)
    }
    parts.delete(this.id)
  }
}

class SimpleChanges implements ChangeReader {
  readonly #producers: readonly MetricProducer[]
  readonly #sent = new Map<string, number>()
  #isRestarted = true

  constructor(producers: readonly MetricProducer[]) {
    this.#producers = producers
  }

  async sendTo(send: FrameSender): Promise<void> {
    await undefined
    for (const frame of this.framesNow()) {
      if (!(await send(frame))) return
    }
  }

  *framesNow(): Generator<Uint8Array> {
    const writer = new FrameWriter()
    const isRestarted = this.#isRestarted
    if (isRestarted) {
      this.#isRestarted = false
      this.#sent.clear()
      yield writer.begin(FRAME.RESTART).end()
    }
    for (const producer of this.#producers) {
      for (const [name, value] of Object.entries(numbersOf((producer.getFamilies?.() ?? []) as Metric[]))) {
        if (this.#sent.get(name) === value) continue
        this.#sent.set(name, value)
        yield writer.begin(FRAME.VALUES).text(name).double(value).end()
      }
    }
    if (isRestarted) yield writer.begin(FRAME.COMPLETE).end()
  }

  get rowCount(): number {
    return this.#sent.size
  }

  restart(): void {
    this.#isRestarted = true
  }
}
