import { getOrInsert } from './get-or-insert.js'

/** Returns `make` with its results cached by object, for as long as the object lives: the same object always gets the same result. */
export function memoize<K extends object, V extends object>(make: (key: K) => V): (key: K) => V {
  const results = new WeakMap<K, V>()
  return (key) => getOrInsert(results, key, () => make(key))
}
