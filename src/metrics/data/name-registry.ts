import { inspectValue } from '../../base/strings/inspect-value.js'
import { DefinitionError } from '../../base/errors.js'
import { warnOnce } from '../../base/logger.js'
import { exposedName, labelName, ownedNames } from './prometheus-name.js'
import type { MetricDescriptor } from './metric.js'

/** Label names that formats use themselves, as they are exposed. */
const RESERVED_LABELS: ReadonlySet<string> = new Set(['le', 'quantile', 'tallyscope_overflow'])

/**
 * The exposed names that are in use within one producer. Registration reserves them first, so that a document of this producer never has
 * two families with the same name.
 */
export class NameRegistry {
  readonly #owners = new Map<string, MetricDescriptor>()

  /**
   * Reserves the names of a metric, or throws and reserves none.
   * @throws {@link DefinitionError} `ERR_NAME_CLASH` if a name, including suffixes of its type, is in use;
   *   `ERR_LABEL_RESERVED` and `ERR_LABEL_CLASH` like {@link checkLabelKeys}.
   */
  reserve(descriptor: MetricDescriptor): void {
    checkLabelKeys(descriptor.name, descriptor.labelKeys)
    const names = ownedNames(descriptor)
    for (const name of names) {
      const owner = this.#owners.get(name)
      if (owner !== undefined) throw clash(name, descriptor, owner)
    }
    for (const name of names) this.#owners.set(name, descriptor)
    const exposed = exposedName(descriptor)
    if (exposed === 'up' || exposed === 'target_info' || exposed.startsWith('scrape_')) {
      warnOnce('TALLYSCOPE_RESERVED_NAME', exposed, `${exposed} (${descriptor.name}) is the name of a series that Prometheus generates`)
    }
  }

  /** Releases the names, if this descriptor has reserved them. */
  release(descriptor: MetricDescriptor): void {
    for (const name of ownedNames(descriptor)) {
      if (this.#owners.get(name) === descriptor) this.#owners.delete(name)
    }
  }
}

/**
 * Refuses label keys that would be exposed under the same name.
 *
 * @param owner The view or instrument with these keys, for the message.
 * @throws {@link DefinitionError} `ERR_LABEL_RESERVED` for `le`, `quantile`, `tallyscope_overflow` and keys that begin
 *   with two underscores; `ERR_LABEL_CLASH` if two keys become one label name.
 */
export function checkLabelKeys(owner: string, keys: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const key of keys) {
    const name = labelName(key)
    if (RESERVED_LABELS.has(name) || key.startsWith('__')) {
      throw new DefinitionError(
        'ERR_LABEL_RESERVED',
        `le, quantile, tallyscope_overflow and names with two leading underscores are reserved: ${owner} has the key ${inspectValue(key)}`,
      )
    }
    const other = seen.get(name)
    if (other !== undefined) {
      throw new DefinitionError(
        'ERR_LABEL_CLASH',
        `label names must differ: the keys ${inspectValue(other)} and ${inspectValue(key)} of ${owner} both become ${name}`,
      )
    }
    seen.set(name, key)
  }
}

function clash(name: string, later: MetricDescriptor, first: MetricDescriptor): DefinitionError {
  const exposed = exposedName(later) === exposedName(first) ? exposedName(later) : name
  return new DefinitionError(
    'ERR_NAME_CLASH',
    `${inspectValue(later.name)} (${later.type}) and ${inspectValue(first.name)} (${first.type}) would both be exposed as ${exposed}`,
  )
}
