import { checkBooleans, checkClock, checkLogger, checkMethods, checkStrings, isObject } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import { inspectValue } from '../base/strings/inspect-value.js'
import { checkProducers } from '../metrics/collection/gather.js'
import type { ConfigurationProblem } from './configuration/problem.js'
import type { TallyscopeOptions } from './tallyscope-options.js'

/** Returns the problems of the options that only code can set. */
export function codeProblems(options: TallyscopeOptions): ConfigurationProblem[] {
  const { configFile, env, stats, registry, startIntegrations, producers, tracer, logger, clock } = options
  const problems: ConfigurationProblem[] = []
  const attempt = (path: keyof TallyscopeOptions, check: () => void): void => {
    try {
      check()
    } catch (error) {
      if (!DefinitionError.is(error)) throw error
      problems.push({ path, problem: error.message })
    }
  }
  const code = 'ERR_CONFIGURATION'
  attempt('configFile', () => checkStrings(code, { configFile: configFile ?? undefined }))
  if (env !== undefined && !isObject(env)) problems.push({ path: 'env', problem: `must be an object: it is ${inspectValue(env)}` })
  if (stats !== undefined) attempt('stats', () => checkMethods(code, 'stats', stats, ['measure', 'record']))
  if (registry != null) attempt('registry', () => checkMethods(code, 'registry', registry, ['gauge', 'getMetrics']))
  attempt('startIntegrations', () => checkBooleans(code, { startIntegrations }))
  if (producers != null) attempt('producers', () => checkProducers(producers))
  if (tracer != null && !isObject(tracer)) problems.push({ path: 'tracer', problem: `must be an object: it is ${inspectValue(tracer)}` })
  attempt('logger', () => checkLogger('createTallyscope', logger))
  attempt('clock', () => checkClock('createTallyscope', clock))
  return problems
}
