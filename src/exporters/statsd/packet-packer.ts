import type { SentSeries } from './sent-values.js'

/** Lines that are sent together, and the deltas in them. */
export class Packet {
  text = ''
  bytes = 0
  lines = 0
  readonly #series: SentSeries[] = []
  readonly #lines: number[] = []
  readonly #deltas: number[] = []

  add(line: string, bytes: number): void {
    this.bytes += this.text === '' ? bytes : bytes + 1
    this.text += this.text === '' ? line : `\n${line}`
    this.lines++
  }

  /** Adds a delta that is committed once the packet has been sent. */
  addDelta(series: SentSeries, line: number, delta: number): void {
    this.#series.push(series)
    this.#lines.push(line)
    this.#deltas.push(delta)
  }

  /** Call once the packet has been sent. Its deltas become part of the baselines. */
  commit(): void {
    for (let i = 0; i < this.#series.length; i++) this.#series[i]!.commit(this.#lines[i]!, this.#deltas[i]!)
  }
}

/** Packs whole lines into packets of at most `maxBytes`. */
export class PacketPacker {
  readonly #maxBytes: number
  readonly #full: Packet[] = []
  #open = new Packet()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Returns the packet for a line of `bytes`, or undefined if the line is longer than a packet. */
  packetFor(bytes: number): Packet | undefined {
    if (bytes > this.#maxBytes) return undefined
    if (this.#open.lines > 0 && this.#open.bytes + 1 + bytes > this.#maxBytes) {
      this.#full.push(this.#open)
      this.#open = new Packet()
    }
    return this.#open
  }

  get fullPackets(): number {
    return this.#full.length
  }

  takeFull(): Packet[] {
    return this.#full.splice(0)
  }

  /** Removes all packets, including the last, which may not be full. */
  takeRest(): Packet[] {
    const rest = this.takeFull()
    if (this.#open.lines > 0) rest.push(this.#open)
    this.#open = new Packet()
    return rest
  }
}
