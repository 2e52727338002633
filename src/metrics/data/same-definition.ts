import { DefinitionError } from '../../base/errors.js'
import { warnOnce } from '../../base/logger.js'

/** A definition under a unique name. Two are equal if `definition` is equal; descriptions may differ. */
export interface Definition {
  readonly name: string
  readonly definition: string
  readonly description: string
}

/**
 * Compares a definition with the existing one of the same name. The first description stays.
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
