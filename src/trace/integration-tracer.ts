import { checkMethods } from '../base/check-options.js'
import type { TracerCore } from './tracer-core.js'

/**
 * The tracer of an integration: the given one, by default that of `makeDefault`. Undefined if it is false.
 * @throws {@link DefinitionError} `ERR_TRACER_OPTION` for anything else: it would make every request fail.
 */
export function integrationTracer(given: TracerCore | false | undefined, makeDefault: () => TracerCore): TracerCore | undefined {
  if (given === false) return undefined
  if (given == null) return makeDefault()
  checkMethods('ERR_TRACER_OPTION', 'tracer of an integration', given, ['inject', 'extract', 'startSpanIn'])
  return given
}
