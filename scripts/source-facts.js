// Reads from TypeScript source, without a parser, the two things that the import rules need.

/**
 * The code of a file with comments blanked out and the insides of strings and templates emptied, and
 * its imports in the order in which they stand.
 */
export function sourceFacts(source) {
  const strings = []
  const code = blank(source, strings)
  const text = (mark) => strings[Number(mark)]
  const imports = []
  const statement = /\b(import|export)\b(\s+type\b(?!\s*(?:,|from\s*"\d)))?([^;'"()]*?)\bfrom\s*"(\d+)"/g
  for (const match of code.matchAll(statement)) {
    const names = match[3].trim()
    const typeOnly = match[2] !== undefined || onlyTypes(names)
    imports.push({ specifier: text(match[4]), typeOnly, dynamic: false })
  }
  for (const match of code.matchAll(/\bimport\s*"(\d+)"/g)) imports.push({ specifier: text(match[1]), typeOnly: false, dynamic: false })
  for (const match of code.matchAll(/(\btypeof\s+)?\b(?:import|require)\s*\(\s*"(\d+)"\s*\)(\s*\.\s*[A-Z]\w*\b(?!\s*\())?/g)) {
    const typeOnly = match[1] !== undefined || match[3] !== undefined
    imports.push({ specifier: text(match[2]), typeOnly, dynamic: true })
  }
  return { code, imports }
}

/** True for `{ type A, type B }`: every name is marked as a type. */
function onlyTypes(names) {
  if (!names.startsWith('{') || !names.endsWith('}')) return false
  const list = names
    .slice(1, -1)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  return list.length > 0 && list.every((name) => /^type\s/.test(name))
}

/** Comments become spaces, a string becomes `"n"`, where n is its place in `strings`; templates keep what is in `${…}`. */
function blank(source, strings) {
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"|`|[{}]|\/(?![*/])/g
  let out = ''
  let at = 0
  // For every open brace: whether it closes a `${` and so leads back into a template.
  const braces = []
  const readTemplate = (from) => {
    let i = from
    while (i < source.length) {
      if (source[i] === '\\') i += 2
      else if (source[i] === '`') {
        out += '`'
        return i + 1
      } else if (source.startsWith('${', i)) {
        braces.push(true)
        out += '${'
        return i + 2
      } else i += 1
    }
    return i
  }
  for (;;) {
    token.lastIndex = at
    const match = token.exec(source)
    if (match === null) return out + source.slice(at)
    out += source.slice(at, match.index)
    at = match.index + match[0].length
    const found = match[0]
    if (found.startsWith('//') || found.startsWith('/*')) out += ' '
    else if (found === '`') {
      out += '`'
      at = readTemplate(at)
    } else if (found === '{') {
      braces.push(false)
      out += found
    } else if (found === '}') {
      out += found
      if (braces.pop() === true) at = readTemplate(at)
    } else if (found === '/') {
      // A regular expression where an operand is expected, a division otherwise.
      const before = out.trimEnd()
      const regex = /(^|[=([{,;:!&|?+>]|\breturn)$/.test(before) ? /(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y : undefined
      if (regex !== undefined) regex.lastIndex = at
      const end = regex?.exec(source)
      out += '/'
      if (end !== null && end !== undefined) at += end[0].length
    } else {
      out += `"${strings.length}"`
      strings.push(found.slice(1, -1))
    }
  }
}
