import { checkNumber, isObject } from '../base/check-options.js'
import { DefinitionError } from '../base/errors.js'
import { inspectValue } from '../base/strings/inspect-value.js'

export const OPTION_CODE = 'ERR_EXPORTER_OPTION'

/** @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` with this message. */
export function refuseOption(message: string): never {
  throw new DefinitionError(OPTION_CODE, message)
}

/** Reads an option that is a whole number, or returns its default. @throws {@link DefinitionError} `ERR_EXPORTER_OPTION`. */
export function wholeNumber(name: string, given: number | undefined, fallback: number, min: number, max: number): number {
  return checkNumber(OPTION_CODE, name, given ?? fallback, { min, max, integer: true })
}

/** @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` unless an option is an object with named values. */
export function checkNamedValues(name: string, given: unknown): void {
  if (!isObject(given)) refuseOption(`${name} must be an object: it is ${inspectValue(given)}`)
}

/** Checks the path of a file and returns it. @throws {@link DefinitionError} `ERR_EXPORTER_OPTION`. */
export function checkFileName(path: unknown): string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path
  refuseOption(`path must be a file name: it is ${inspectValue(path)}`)
}
