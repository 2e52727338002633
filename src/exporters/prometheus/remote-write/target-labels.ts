import { hostname } from 'node:os'
import type { TargetLabels } from './series-labels.js'

type Resource = Readonly<Record<string, string>> | undefined

interface TargetOptions {
  readonly job: string | undefined
  readonly instance: string | undefined
  readonly externalLabels: Readonly<Record<string, string>>
}

/** The maximum size of the cache. There is one target per process, and few processes. */
const MAX_TARGETS = 1_000

/** Returns the labels that identify a process, as a scrape would add them. Equal labels are the same object. */
export class Targets {
  readonly #options: TargetOptions
  readonly #targets = new Map<string, TargetLabels>()

  constructor(options: TargetOptions) {
    this.#options = options
  }

  of(resource: Resource): TargetLabels {
    const job = this.#options.job ?? serviceName(resource)
    // Processes with the same instance would write to the same series.
    const instance = this.#options.instance ?? (resource?.['service.instance.id'] || `${hostname()}:${process.pid}`)
    const key = JSON.stringify([job, instance])
    let target = this.#targets.get(key)
    if (target === undefined) {
      if (this.#targets.size >= MAX_TARGETS) this.#targets.clear()
      target = { ...this.#options.externalLabels, job: job.toWellFormed(), instance: instance.toWellFormed() }
      this.#targets.set(key, target)
    }
    return target
  }
}

function serviceName(resource: Resource): string {
  const name = resource?.['service.name'] || 'unknown_service:node'
  const namespace = resource?.['service.namespace']
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}
