import type { Environment } from '../../base/resource.js'
import { jsonFault } from './json-fault.js'
import { isObject } from '../../base/check-options.js'
import { mergeResources, type Resource, resourceFault, resourceFromEnvironment } from '../../base/resource.js'
import { FILE_VARIABLE, readEnvironment } from './environment-source.js'
import { type Layer, readObject } from './object-source.js'
import { type ConfigurationProblem, type Report, withShortPath } from './problem.js'
import type { Settings } from './settings.js'

/** The merged settings of all sources. A setting that is undefined has the default of the component. */
export interface Configuration {
  readonly settings: Partial<Omit<Settings, 'resource' | 'service'>>
  readonly resource: Resource
  /** All problems. If there are any, nothing may be created. */
  readonly problems: readonly ConfigurationProblem[]
  /** Settings that were ignored. */
  readonly warnings: readonly ConfigurationProblem[]
}

export interface ConfigurationSources {
  /** The settings from code, which may include components. */
  readonly code: Readonly<Record<string, unknown>>
  readonly env: Environment
  /** The content of the configuration file, and its name for messages. */
  readonly file?: { readonly name: string; readonly text: string } | undefined
}

/** Limit of problems, after which reading stops. A file of 1 MB may have 70,000, and each hint takes time. */
const MAX_PROBLEMS = 100

class TooManyProblems extends Error {}

/**
 * Reads all sources and reports their problems, up to 100. Code takes precedence over the environment, and the environment over the file.
 * Does not create components, read files or evaluate code.
 */
export function readConfiguration(sources: ConfigurationSources): Configuration {
  const problems: ConfigurationProblem[] = []
  const warnings: ConfigurationProblem[] = []
  const report = (problem: ConfigurationProblem): void => {
    if (problems.length >= MAX_PROBLEMS) throw new TooManyProblems()
    problems.push(withShortPath(problem))
  }
  const warn = (problem: ConfigurationProblem): void => {
    if (warnings.length < MAX_PROBLEMS) warnings.push(withShortPath(problem))
  }
  try {
    return { ...readSources(sources, report, warn), problems, warnings }
  } catch (error) {
    if (!(error instanceof TooManyProblems)) throw error
    problems.push({ path: 'configuration', problem: `has more than ${MAX_PROBLEMS} problems: the rest was not read` })
    return { settings: {}, resource: { labels: {} }, problems, warnings }
  }
}

function readSources(
  { code, env, file }: ConfigurationSources,
  report: Report,
  warn: Report,
): Omit<Configuration, 'problems' | 'warnings'> {
  const layers: readonly Layer[] = [
    readObject(code, '', report),
    readEnvironment(env, report, warn),
    file === undefined ? {} : readFileText(file.name, file.text, report),
  ]
  const settings: Record<string, unknown> = {}
  for (const layer of [...layers].reverse()) Object.assign(settings, layer)
  delete settings['resource']
  delete settings['service']
  return { settings, resource: resourceOf(layers, env, report, warn) }
}

function readFileText(name: string, text: string, report: Report): Layer {
  let source: unknown
  try {
    source = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    report({ path: name, problem: `must be JSON: it is invalid from ${jsonFault(text)} on` })
    return {}
  }
  if (isObject(source)) return readObject(source, `${name}: `, report)
  report({ path: name, problem: 'must contain an object' })
  return {}
}

/** Merges the labels of all layers. Earlier layers take precedence. */
function resourceOf(layers: readonly Layer[], env: Environment, report: Report, warn: Report): Resource {
  const [code, environment, file] = layers.map(({ service, resource = {} }) => ({
    labels: { ...resource, ...(service !== undefined && { 'service.name': service }) },
  })) as [Resource, Resource, Resource]
  for (const [path, resource] of [
    ['resource', code],
    ['service', environment],
    ['resource', file],
  ] as const) {
    const fault = resourceFault(resource)
    if (fault !== undefined) report({ path, problem: fault })
  }
  const common = resourceFromEnvironment(env)
  for (const { variable, problem } of common.problems) warn({ path: variable, problem })
  return mergeResources([code, environment, common.resource, file])
}

/** The path of the configuration file, from code or from the environment. */
export function configurationFile(code: { readonly configFile?: string | undefined }, env: Environment): string | undefined {
  return code.configFile ?? (env[FILE_VARIABLE]?.trim() || undefined)
}
