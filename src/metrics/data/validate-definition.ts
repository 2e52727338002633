import { inspectValue } from '../../base/inspect-value.js'
import { isPrintableAscii } from '../../base/printable-ascii.js'
import { DefinitionError } from '../../base/errors.js'

const MAX_CHARACTERS = 255
const MAX_KEYS = 32

/** Whether a value may be a tag key or a label key: 1…255 printable ASCII characters. @see OpenCensus specification, TagKey */
export function isKey(key: unknown): key is string {
  return key !== '' && isPrintableAscii(key, MAX_CHARACTERS)
}

/** @throws {@link DefinitionError} `ERR_NAME` unless the name is 1…255 printable ASCII characters. */
export function checkName(what: string, name: unknown): asserts name is string {
  if (!isKey(name)) {
    throw new DefinitionError('ERR_NAME', `a ${what} name must be 1 to 255 printable ASCII characters: ${inspectValue(name)} is not`)
  }
}

/** @throws {@link DefinitionError} `ERR_UNIT` unless the unit is 1…63 printable ASCII characters without blanks. */
export function checkUnit(what: string, name: string, unit: unknown): asserts unit is string {
  if (typeof unit !== 'string' || !/^[!-~]{1,63}$/.test(unit)) {
    throw new DefinitionError('ERR_UNIT', `a unit must be 1 to 63 printable ASCII characters: ${what} ${name} has ${inspectValue(unit)}`)
  }
}

/** @throws {@link DefinitionError} `ERR_KEYS` unless there are at most 32 different legal keys. */
export function checkKeys(what: string, name: string, keys: unknown): asserts keys is readonly string[] {
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) {
    throw new DefinitionError(
      'ERR_KEYS',
      `keys must be an array of at most ${MAX_KEYS}: ${what} ${name} has ${Array.isArray(keys) ? `${keys.length} of them` : inspectValue(keys)}`,
    )
  }
  for (const [at, key] of keys.entries()) {
    if (!isKey(key)) {
      throw new DefinitionError('ERR_KEYS', `a key must be 1 to 255 printable ASCII characters: ${what} ${name} has ${inspectValue(key)}`)
    }
    if (keys.indexOf(key) !== at) {
      throw new DefinitionError('ERR_KEYS', `keys must differ: ${what} ${name} has ${inspectValue(key)} twice`)
    }
  }
}
