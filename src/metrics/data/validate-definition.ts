import { DefinitionError } from '../../base/errors.js'

/** 1…255 printable ASCII characters. @see OpenCensus specification, TagKey */
const KEY = /^[ -~]{1,255}$/

/** Whether a text may be a tag key or a label key. */
export function isKey(key: string): boolean {
  return KEY.test(key)
}

const NAME = /^[ -~]{1,255}$/
const MAX_KEYS = 32

/** @throws {@link DefinitionError} `ERR_NAME` unless the name is 1…255 printable ASCII characters. */
export function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new DefinitionError('ERR_NAME', `a ${what} name must be 1 to 255 printable ASCII characters: ${shown(name)} is not`)
  }
}

/** @throws {@link DefinitionError} `ERR_UNIT` unless the unit is 1…63 printable ASCII characters without blanks. */
export function checkUnit(what: string, name: string, unit: unknown): asserts unit is string {
  if (typeof unit !== 'string' || !/^[!-~]{1,63}$/.test(unit)) {
    throw new DefinitionError('ERR_UNIT', `a unit must be 1 to 63 printable ASCII characters: ${what} ${name} has ${shown(unit)}`)
  }
}

/** @throws {@link DefinitionError} `ERR_KEYS` unless there are at most 32 different legal keys. */
export function checkKeys(what: string, name: string, keys: unknown): asserts keys is readonly string[] {
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) {
    throw new DefinitionError('ERR_KEYS', `keys must be an array of at most ${MAX_KEYS}: ${what} ${name} has ${shown(keys)}`)
  }
  for (const [at, key] of keys.entries()) {
    if (typeof key !== 'string' || !isKey(key)) {
      throw new DefinitionError('ERR_KEYS', `a key must be 1 to 255 printable ASCII characters: ${what} ${name} has ${shown(key)}`)
    }
    if (keys.indexOf(key) !== at) {
      throw new DefinitionError('ERR_KEYS', `keys must differ: ${what} ${name} has ${shown(key)} twice`)
    }
  }
}

/** A value for an error text: short, and without calling its own methods. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `${value.length} of them`
  if (typeof value !== 'string') return value === null ? 'null' : `a ${typeof value}`
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
}
