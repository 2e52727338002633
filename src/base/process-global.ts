// What exists once in a process, however many copies of the package are loaded in it: ES module and CommonJS, or two installs.
// Copies share live objects, so only copies that agree on the fields of these objects may share them.

/**
 * The version of everything that copies share. Raise it with each change that another copy would trip over: a field of a
 * class whose objects are shared, or what is stored under a name.
 */
export const STATE_VERSION = 1

/** Of a Map from state versions to the states of that version. The Map is all that every version has to agree on. */
const KEY = Symbol.for('tallyscope')

export type States = Map<string, unknown>

/**
 * The states that all copies of this state version share. Copies of another version keep their own, which is logged once by
 * the copy that is loaded later. A value that is not ours under our symbol costs a warning; this copy's states are its own then.
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
        'each has measures, views and a context of its own; install one version to have one engine',
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
  } catch {} // a getter that throws, or a global object that takes no properties: reported below
  warn('TALLYSCOPE_FOREIGN_STATE', `the global Symbol.for('tallyscope') is not tallyscope's: this copy of the package shares no state`)
  return undefined
}

/** Also a Map of another realm. */
function isMap(value: unknown): value is Map<never, unknown> & States {
  return Object.prototype.toString.call(value) === '[object Map]'
}

function warn(code: string, message: string): void {
  process.emitWarning(message, { type: 'TallyscopeWarning', code })
}

const states = statesOf(STATE_VERSION)

/** The one value called `name` in this process; the first caller makes it. */
export function processGlobal<T>(name: string, make: () => T): T {
  if (!states.has(name)) states.set(name, make())
  return states.get(name) as T
}

/** The value called `name`, if somebody has made it. */
export function existingState<T>(name: string): T | undefined {
  return states.get(name) as T | undefined
}
