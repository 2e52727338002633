// One key a major version: two copies of the package (ESM and CommonJS, or two installs) share one state.
const KEY = Symbol.for('tallyscope.0')

/** The one value called `name` in this process, made by the first who asks for it. */
export function sharedState<T>(name: string, make: () => T): T {
  const holder = globalThis as { [KEY]?: Map<string, unknown> }
  let states = holder[KEY]
  if (states === undefined) {
    states = new Map()
    Object.defineProperty(holder, KEY, { value: states })
  }
  if (!states.has(name)) states.set(name, make())
  return states.get(name) as T
}
