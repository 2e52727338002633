import type { Environment, VariableProblem } from '../../base/resource.js'
import { givenOptions } from '../../base/check-options.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { parseWholeNumber } from '../parse-whole-number.js'
import { CARDINALITIES, isExternalEnv, type StatsdExporterOptions } from './statsd-options.js'

/** Options from environment variables, and the variables with problems. */
export interface DogstatsdReading {
  readonly options: Pick<StatsdExporterOptions, 'host' | 'port' | 'path' | 'protocol' | 'tags' | 'externalEnv' | 'cardinality'>
  readonly problems: readonly VariableProblem[]
}

type Address = Pick<StatsdExporterOptions, 'host' | 'port' | 'path' | 'protocol'>

/**
 * Reads the options for DogStatsD from the environment variables of Datadog: the address from `DD_DOGSTATSD_URL`, otherwise from
 * `DD_DOGSTATSD_SOCKET`, otherwise from `DD_AGENT_HOST` and `DD_DOGSTATSD_PORT`; tags from `DD_TAGS`, `DD_ENV`, `DD_SERVICE`, `DD_VERSION`
 * and `DD_ENTITY_ID`; fields from `DD_EXTERNAL_ENV` and `DD_CARDINALITY`. Empty variables are ignored. Invalid ones are reported in
 * `problems` and have no effect.
 *
 * @example
 * const exporter = new StatsdExporter({ ...dogstatsdOptionsFromEnvironment(process.env).options, prefix: 'shop' })
 */
export function dogstatsdOptionsFromEnvironment(env: Environment): DogstatsdReading {
  const problems: VariableProblem[] = []
  const read = (variable: string): string | undefined => env[variable]?.trim() || undefined
  const report = (variable: string, problem: string): undefined => void problems.push({ variable, problem })
  const tags = tagsOf(read)
  const externalEnv = read('DD_EXTERNAL_ENV')
  const isValid = externalEnv === undefined || isExternalEnv(externalEnv)
  if (!isValid) report('DD_EXTERNAL_ENV', 'it must not contain blanks, | or #')
  const cardinality = read('DD_CARDINALITY')?.toLowerCase()
  const known = CARDINALITIES.find((one) => one === cardinality)
  if (cardinality !== undefined && known === undefined) {
    report('DD_CARDINALITY', `it must be one of ${CARDINALITIES.join(', ')}: it is ${inspectValue(cardinality)}`)
  }
  return {
    options: {
      ...(addressByUrl(read, report) ?? addressBySocket(read) ?? addressByHost(read, report)),
      ...(Object.keys(tags).length > 0 && { tags }),
      ...givenOptions({ externalEnv: isValid ? externalEnv : undefined, cardinality: known }),
    },
    problems,
  }
}

type Read = (variable: string) => string | undefined
type Report = (variable: string, problem: string) => undefined

function addressByUrl(read: Read, report: Report): Address | undefined {
  const text = read('DD_DOGSTATSD_URL')
  if (text === undefined) return undefined
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.+)$/i.exec(text) ?? []
  switch (scheme.toLowerCase()) {
    case 'unixstream':
      return { protocol: 'unixStream', path: rest }
    case 'unix':
    case 'unixgram':
      return { protocol: 'unixDatagram', path: rest }
    case 'udp': {
      const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:/[\]]+))(?::(\d+))?\/?$/.exec(rest) ?? []
      const host = bracketed ?? plain
      if (host !== undefined && (port === undefined || isPort(port))) {
        return { protocol: 'udp', host, ...(port !== undefined && { port: Number(port) }) }
      }
    }
  }
  return report('DD_DOGSTATSD_URL', `it must begin with udp://, unix://, unixgram:// or unixstream://: it is ${inspectValue(text)}`)
}

function addressBySocket(read: Read): Address | undefined {
  const path = read('DD_DOGSTATSD_SOCKET')
  return path === undefined ? undefined : { protocol: 'unixDatagram', path: path.replace(/^unix:\/\//, '') }
}

function addressByHost(read: Read, report: Report): Address {
  const host = read('DD_AGENT_HOST')
  const port = read('DD_DOGSTATSD_PORT')
  if (port !== undefined && !isPort(port)) report('DD_DOGSTATSD_PORT', `it must be a port: it is ${inspectValue(port)}`)
  return { ...(host !== undefined && { host }), ...(port !== undefined && isPort(port) && { port: Number(port) }) }
}

function isPort(text: string): boolean {
  return parseWholeNumber(text, 1, 65_535) !== undefined
}

/** `DD_TAGS` is a list of `key:value`, separated by commas or blanks. Tags without a value are left out. */
function tagsOf(read: Read): Record<string, string> {
  const tags = new Map<string, string>()
  for (const item of read('DD_TAGS')?.split(/[\s,]+/) ?? []) {
    const colon = item.indexOf(':')
    if (colon > 0 && colon < item.length - 1) tags.set(item.slice(0, colon), item.slice(colon + 1))
  }
  const own = { DD_ENV: 'env', DD_SERVICE: 'service', DD_VERSION: 'version', DD_ENTITY_ID: 'dd.internal.entity_id' }
  for (const [variable, key] of Object.entries(own)) {
    const value = read(variable)
    if (value !== undefined) tags.set(key, value)
  }
  return Object.fromEntries(tags)
}
