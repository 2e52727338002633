import type { SentSeries } from './sent-values.js'

/** Lines that are sent together, and what becomes known to the receiver by them. */
export class Packet {
  text = ''
  bytes = 0
  lines = 0
  readonly #series: SentSeries[] = []
  readonly #places: number[] = []
  readonly #deltas: number[] = []

  add(line: string, bytes: number): void {
    this.bytes += this.text === '' ? bytes : bytes + 1
    this.text += this.text === '' ? line : `\n${line}`
    this.lines++
  }

  /** Remembers that the packet brings a delta. */
  brings(series: SentSeries, place: number, delta: number): void {
    this.#series.push(series)
    this.#places.push(place)
    this.#deltas.push(delta)
  }

  /** Call when the packet was sent: its deltas are not sent again. */
  commit(): void {
    for (let i = 0; i < this.#series.length; i++) this.#series[i]!.commit(this.#places[i]!, this.#deltas[i]!)
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

  /** The packet that takes a line of so many bytes; undefined if none can. */
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

  /** All packets that are left, the last one included. */
  takeRest(): Packet[] {
    const rest = this.takeFull()
    if (this.#open.lines > 0) rest.push(this.#open)
    this.#open = new Packet()
    return rest
  }
}
