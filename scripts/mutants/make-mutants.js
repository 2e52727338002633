// Writes all mutants of a source file into one text: `a < b` becomes `(__mutants.is(7) ? (a) <= (b) : a < b)`, and the runner says
// which one is on. Types, imports, names and comments stay as they are.
import { parseAst } from 'vitest/node'

const SWAPPED = new Map(
  Object.entries({
    '<': ['<=', '>='],
    '<=': ['<', '>'],
    '>': ['>=', '<='],
    '>=': ['>', '<'],
    '===': ['!=='],
    '!==': ['==='],
    '+': ['-'],
    '-': ['+'],
    '*': ['/'],
    '/': ['*'],
    '%': ['*'],
    '**': ['*'],
    '<<': ['>>'],
    '>>': ['<<'],
    '>>>': ['<<'],
    '&': ['|'],
    '|': ['&'],
    '^': ['|'],
    '&&': ['||'],
    '||': ['&&'],
    '??': ['&&'],
    '+=': ['-='],
    '-=': ['+='],
    '*=': ['/='],
    '/=': ['*='],
    '|=': ['&='],
    '&=': ['|='],
    '^=': ['|='],
    '<<=': ['>>='],
    '>>=': ['<<='],
    '>>>=': ['<<='],
    '??=': ['='],
  }),
)
const WITH_OPERATOR = new Set(['BinaryExpression', 'LogicalExpression', 'AssignmentExpression'])
const STATEMENTS = new Set(['ExpressionStatement', 'ReturnStatement', 'BreakStatement', 'ContinueStatement', 'ThrowStatement'])
const LOOPS = new Set(['ForStatement', 'WhileStatement', 'DoWhileStatement', 'ForOfStatement', 'ForInStatement'])
const WITH_TEST = new Set(['IfStatement', 'ConditionalExpression', 'ForStatement', 'WhileStatement', 'DoWhileStatement'])
/** Where TypeScript wraps an expression. Every other node of its own is a type. */
const WRAPPERS = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression', 'TSInstantiationExpression'])
const TYPE_KEYS = new Set(['typeAnnotation', 'typeArguments', 'typeParameters', 'returnType', 'superTypeArguments', 'implements'])
const SHOWN = 160

/**
 * The text with all mutants in it, and what each is: its number (from `firstId`), its line, and `code`, the line as it becomes.
 * Every turn of a loop calls `__mutants.turn()`, so that a loop without end can be stopped.
 */
export function makeMutants(source, firstId) {
  const mutants = []
  const before = new Map() // position to what is written there; what is opened later stands further inside
  const after = new Map()
  const plain = (node) => source.slice(node.start, node.end)

  function wrap(node, opening, closing) {
    before.set(node.start, (before.get(node.start) ?? '') + opening)
    after.set(node.end, closing + (after.get(node.end) ?? ''))
  }

  function mutant(node, change) {
    const id = firstId + mutants.length
    const lineStart = source.lastIndexOf('\n', node.start - 1) + 1
    const lineEnd = source.indexOf('\n', node.end)
    const code = source.slice(lineStart, node.start) + change + source.slice(node.end, lineEnd < 0 ? source.length : lineEnd)
    const line = source.slice(0, node.start).split('\n').length
    mutants.push({ id, line, code: code.replace(/\s+/g, ' ').trim().slice(0, SHOWN) })
    return id
  }

  const replace = (node, change) => wrap(node, `(__mutants.is(${mutant(node, change)}) ? ${change} : `, ')')

  function visit(node) {
    if (STATEMENTS.has(node.type) && node.expression?.callee?.type !== 'Super' && !node.directive) {
      wrap(node, `{ if (!__mutants.is(${mutant(node, `/* no ${plain(node)} */`)})) { `, ' } }')
    }
    if (node.type === 'ArrowFunctionExpression' && node.body.type !== 'BlockStatement') replace(node.body, 'undefined')
    if (WITH_TEST.has(node.type) && node.test && !changesByItself(node.test)) replace(node.test, `!(${plain(node.test)})`)
    if (LOOPS.has(node.type)) wrap(node.body, '{ __mutants.turn(); ', ' }')
    for (const change of changesOf(node, plain)) replace(node, change)
    for (const child of codeBelow(node)) visit(child)
  }

  visit(parseAst(source, { lang: 'ts', sourceType: 'module' }))
  let text = ''
  let at = 0
  for (const position of [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b)) {
    text += source.slice(at, position) + (after.get(position) ?? '') + (before.get(position) ?? '')
    at = position
  }
  return { text: text + source.slice(at), mutants }
}

/** What an expression may become. */
function changesOf(node, plain) {
  if (WITH_OPERATOR.has(node.type)) {
    const operand = (side) => (node.type === 'AssignmentExpression' ? plain(side) : `(${plain(side)})`)
    return (SWAPPED.get(node.operator) ?? []).map((operator) => `${operand(node.left)} ${operator} ${operand(node.right)}`)
  }
  if (node.type === 'UpdateExpression') {
    const operator = node.operator === '++' ? '--' : '++'
    return [node.prefix ? operator + plain(node.argument) : plain(node.argument) + operator]
  }
  if (node.type === 'UnaryExpression') return '!-~'.includes(node.operator) ? [plain(node.argument)] : []
  if (node.type === 'TemplateLiteral') return ["''"]
  if (node.type !== 'Literal') return []
  if (typeof node.value === 'boolean') return [String(!node.value)]
  if (typeof node.value === 'string') return [node.value === '' ? "'mutant'" : "''"]
  if (typeof node.value === 'number') return [String(node.value + 1), String(node.value - 1)]
  return typeof node.value === 'bigint' ? [`${node.value + 1n}n`, `${node.value - 1n}n`] : []
}

/** Whether a condition has a mutant that does what negating it would. */
function changesByItself(test) {
  return WITH_OPERATOR.has(test.type) || (test.type === 'UnaryExpression' && test.operator === '!')
}

function codeBelow(node) {
  if (node.type === 'ImportDeclaration' || node.type === 'ExportAllDeclaration' || (node.type === 'ExportNamedDeclaration' && node.source))
    return []
  if (node.type === 'TaggedTemplateExpression') return [node.tag, ...node.quasi.expressions]
  const named = node.type === 'Property' || node.type === 'PropertyDefinition' || node.type === 'MethodDefinition'
  return Object.entries(node)
    .filter(([key]) => !TYPE_KEYS.has(key) && !(key === 'key' && named && !node.computed))
    .flatMap(([, value]) => value)
    .filter((child) => typeof child?.type === 'string' && (!child.type.startsWith('TS') || WRAPPERS.has(child.type)))
}
