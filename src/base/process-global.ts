// State that exists once in a process, even if several copies of the package are loaded: ES module and CommonJS, or two installs.
// Copies share live objects, so that only copies with the same fields may share them.

/**
 * The version of all shared state. Raise it with each incompatible change: of a field of a class whose objects are shared, or of the value
 * under a name.
 */
export const STATE_VERSION = 1

/** The key of a Map from state versions to their states. All versions have to agree on this Map only. */
const KEY = Symbol.for('tallyscope')

type States = Map<string, unknown>

/**
 * The states that all copies with this state version share. Copies of another version have their own, and the copy that is loaded later
 * logs that once. If a foreign value is stored under our symbol, this copy warns and uses its own states.
 * @param holder The global object of the process.
 */
export function statesOf(version: number, holder: object = globalThis): States {
  const versions = versionsIn(holder)
  const shared = versions?.get(version)
  if (isMap(shared)) return shared
  const own: States = new Map()
  if (versions === undefined) return own
  const others = [...versions.keys()].filter((other) => other !== version)
  versions.set(version, own)
  if (others.length > 0) {
    warn(
      'TALLYSCOPE_COPIES',
      `copies of tallyscope that cannot share state are loaded (state version ${version} after ${others.join(', ')}): ` +
        'each has its own measures, views and context; install one version to share them',
    )
  }
  return own
}

function versionsIn(holder: object): Map<number, unknown> | undefined {
  try {
    const found = Reflect.get(holder, KEY) as unknown
    if (isMap(found)) return found
    if (found === undefined) {
      const versions = new Map<number, unknown>()
      Object.defineProperty(holder, KEY, { value: versions })
      return versions
    }
  } catch {} // a getter threw, or the global object is not extensible: reported below
  warn('TALLYSCOPE_FOREIGN_STATE', `the global Symbol.for('tallyscope') is not tallyscope's: this copy of the package shares no state`)
  return undefined
}

/** True for a Map, also of another realm. */
function isMap(value: unknown): value is Map<never, unknown> & States {
  return Object.prototype.toString.call(value) === '[object Map]'
}

function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'TallyscopeWarning', code })
}

const states = statesOf(STATE_VERSION)

/** The value with this name, one per process. The first caller makes it. */
export function processGlobal<T>(name: string, make: () => T): T {
  if (!states.has(name)) states.set(name, make())
  return states.get(name) as T
}

/** The value with this name; undefined if it has not been made. */
export function existingState<T>(name: string): T | undefined {
  return states.get(name) as T | undefined
}
