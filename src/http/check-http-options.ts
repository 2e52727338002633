import { checkBooleans, checkClock, checkMethods, checkOneOf, checkStringLists, isObject } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import { inspectValue } from '../base/strings/inspect-value.js'

/** The options of server and client integrations that are checked in the same way. */
interface HttpOptions {
  readonly stats?: unknown
  readonly ignoreHosts?: unknown
  readonly contextTags?: unknown
  readonly urlQuery?: unknown
  readonly clock?: unknown
}

/** @throws {@link DefinitionError} `ERR_OPTION` for the first option of the wrong type: it would make requests fail or be ignored. */
export function checkHttpOptions(owner: string, options: HttpOptions, switches: Readonly<Record<string, unknown>>): void {
  const { stats, ignoreHosts, contextTags, urlQuery, clock } = options
  if (stats !== undefined) checkMethods('ERR_OPTION', `stats of ${owner}`, stats, ['measure', 'record'])
  checkBooleans('ERR_OPTION', named(owner, switches))
  checkStringLists('ERR_OPTION', named(owner, { ignoreHosts, contextTags }))
  if (urlQuery !== undefined && typeof urlQuery !== 'function') {
    checkOneOf('ERR_OPTION', `urlQuery of ${owner}`, urlQuery as boolean | string, [true, false, 'redacted'])
  }
  checkClock(owner, clock)
}

/** @throws {@link DefinitionError} `ERR_OPTION` unless the tags of requests are functions by tag key. */
export function checkRequestTags(owner: string, requestTags: unknown): void {
  if (requestTags === undefined) return
  if (!isObject(requestTags)) {
    throw new DefinitionError('ERR_OPTION', `requestTags of ${owner} must be functions by tag key: they are ${inspectValue(requestTags)}`)
  }
  for (const [key, read] of Object.entries(requestTags)) {
    if (typeof read === 'function') continue
    throw new DefinitionError(
      'ERR_OPTION',
      `requestTags of ${owner} must be functions by tag key: ${inspectValue(key)} is ${inspectValue(read)}`,
    )
  }
}

function named(owner: string, options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [`${name} of ${owner}`, value]))
}
