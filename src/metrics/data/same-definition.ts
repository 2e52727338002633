import { DefinitionError } from '../../base/errors.js'
import { warnOnce } from '../../base/logger.js'

/** What is defined once under a name. Two are equal if their definitions are; descriptions make no difference. */
export interface Definition {
  readonly name: string
  readonly definition: string
  readonly description: string
}

/**
 * Checks a definition under a name that is taken already. The first description stays.
 * @param hint Added to the message. Default: nothing.
 * @throws {@link DefinitionError} with `code` if the definitions differ.
 */
export function checkSameDefinition(what: string, code: string, existing: Definition, given: Definition, hint = ''): void {
  const { name, definition, description } = given
  if (existing.definition !== definition) {
    throw new DefinitionError(code, `${what} ${JSON.stringify(name)} exists as ${existing.definition}; this one is ${definition}${hint}`)
  }
  if (existing.description !== description) {
    warnOnce('TALLYSCOPE_DESCRIPTION', name, `${what} ${name} was defined with two descriptions; the first stays`)
  }
}
