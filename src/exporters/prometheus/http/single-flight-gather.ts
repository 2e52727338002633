import type { Clock } from '../../../base/clock.js'
import { TimeSlicer } from '../../../base/time-slicer.js'
import { inNextTurn, startTimer } from '../../../base/timer.js'
import { TIMED_OUT, withTimeout } from '../../../base/with-timeout.js'
import type { Family } from '../../../metrics/data/row-source.js'
import type { RequiredGathering } from './required-gathering.js'
import { SharedDocuments, type SharingScrape } from './shared-documents.js'

export interface GatheredFamilies {
  readonly families: readonly Family[]
  /** False if the scrape stopped waiting while producers were still being called. */
  readonly isWhole: boolean
  /** True if required metrics are missing, so that the document would be misleading. */
  readonly isMisleading: boolean
  /** The documents of these families; undefined if other scrapes have other families. */
  readonly documents?: SharedDocuments | undefined
}

/** A scrape that needs families. */
interface GatheringScrape extends SharingScrape {
  /** The rest of the time that the scrape can wait, in milliseconds. */
  leftMs(): number
}

interface BegunGathering extends RequiredGathering {
  readonly endsMs: number
}

/** A gathering that waits for its time slice or for producers, so that scrapes can join it. */
interface OpenGathering {
  readonly begun: BegunGathering | Promise<BegunGathering>
  readonly documents: SharedDocuments
  /** For the scrapes that have stopped waiting since the last partial families. */
  partial?: PartialFamilies | undefined
}

/** Families without those of slow producers, which the scrapes get that joined before. */
interface PartialFamilies {
  readonly families: Promise<GatheredFamilies>
  readonly documents: SharedDocuments
}

/**
 * Scrapes that stop waiting within this time share documents. One scraper with a short time-out could otherwise have a document encoded for
 * each of its requests, and take the processor from the rest of the program.
 */
const PARTIAL_INTERVAL_MS = 10

/**
 * Shares one gathering among all scrapes that arrive before it ends. It has its own time limit. A scrape with a shorter time-out gets the
 * metrics that are available by then, or up to 10 ms later if others did just before, and does not affect the others.
 */
export class SingleFlightGather {
  readonly #begin: () => RequiredGathering
  readonly #timeoutMs: number
  readonly #clock: Clock
  #open: OpenGathering | undefined
  #lastPartialMs = -Infinity

  /** @param begin Begins a gathering that ends after at most `timeoutMs`. */
  constructor(begin: () => RequiredGathering, timeoutMs: number, clock: Clock) {
    this.#begin = begin
    this.#timeoutMs = timeoutMs
    this.#clock = clock
  }

  /** The families. No promise if all producers are synchronous and other work has not used the time slice of this turn. */
  families(scrape: GatheringScrape): GatheredFamilies | Promise<GatheredFamilies> {
    if (this.#open === undefined) {
      const slicer = new TimeSlicer(undefined, 'client')
      const begun = slicer.isOver ? slicer.nextSlice().then(() => this.#beginOpen()) : this.#beginOpen()
      if (!(begun instanceof Promise) && !(begun.all instanceof Promise)) {
        return { families: begun.all, isWhole: true, isMisleading: isMissing(begun) }
      }
      this.#open = { begun, documents: new SharedDocuments() }
    }
    return this.#join(this.#open, scrape)
  }

  /** Begins the gathering, which is open to other scrapes until it ends. */
  #beginOpen(): BegunGathering {
    const waiting = this.#open
    this.#open = undefined
    const gathering = this.#begin()
    const { all } = gathering
    if (all instanceof Promise) {
      this.#open = waiting
      void all.then(() => (this.#open = undefined))
    }
    return { ...gathering, endsMs: this.#clock.monotonicMs() + this.#timeoutMs }
  }

  async #join(open: OpenGathering, scrape: GatheringScrape): Promise<GatheredFamilies> {
    const { documents } = open
    documents.join(scrape)
    const gathering = open.begun instanceof Promise ? await open.begun : open.begun
    const leftMs = scrape.leftMs()
    const isPatient = this.#clock.monotonicMs() + leftMs >= gathering.endsMs
    const families = await (isPatient ? gathering.all : withTimeout(gathering.all, { clock: this.#clock, timeoutMs: Math.max(leftMs, 1) }))
    if (families !== TIMED_OUT) return { families, isWhole: true, isMisleading: isMissing(gathering), documents }
    documents.leave(scrape)
    open.partial ??= this.#partial(open, gathering)
    open.partial.documents.join(scrape)
    return open.partial.families
  }

  /** Rows are read when a document is encoded. So no scrape joins afterwards: its document would be older than its request. */
  #partial(open: OpenGathering, gathering: BegunGathering): PartialFamilies {
    const documents = new SharedDocuments()
    const delayMs = Math.max(0, this.#lastPartialMs + PARTIAL_INTERVAL_MS - this.#clock.monotonicMs())
    const families = new Promise<GatheredFamilies>((resolve) => {
      const begin = (): void => {
        open.partial = undefined
        this.#lastPartialMs = this.#clock.monotonicMs()
        resolve({ families: gathering.soFar(), isWhole: this.#open !== open, isMisleading: isMissing(gathering), documents })
      }
      if (delayMs === 0) inNextTurn(begin)
      else startTimer(this.#clock, delayMs, begin)
    })
    return { families, documents }
  }
}

function isMissing(gathering: RequiredGathering): boolean {
  return gathering.isMissing?.() ?? false
}
