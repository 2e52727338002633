import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript-5.4'

const src = join(import.meta.dirname, '../../src')

/** A declaration, or a field of one, that users of the package see. */
export interface PublicDeclaration {
  /** `stats/stats.ts: Stats`, or with a field `stats/stats.ts: StatsOptions.clock`. */
  readonly name: string
  /** The text of its doc comment, empty if it has none. */
  readonly comment: string
  readonly kind: 'function' | 'class' | 'constant' | 'type' | 'option' | 'field' | 'method'
  /** Of an option: whether it may be left out. */
  readonly isOptional?: boolean
  /** Of an option: its type as it is written. */
  readonly type?: string
}

type Declaration = ts.ClassDeclaration | ts.FunctionDeclaration | ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.EnumDeclaration

/** The declarations that these entry files export, with the fields of their interfaces and the public members of their classes. */
export function publicDeclarations(entries: readonly string[], read: (path: string) => string = readSource): PublicDeclaration[] {
  const sources = new Map<string, ts.SourceFile>()
  const parse = (path: string): ts.SourceFile => {
    let source = sources.get(path)
    if (source === undefined) sources.set(path, (source = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true)))
    return source
  }
  const found = new Map<string, PublicDeclaration>()
  const add = (declared: PublicDeclaration[]): void => {
    // Overloads share the comment of one of them.
    for (const one of declared) if ((found.get(one.name)?.comment ?? '') === '') found.set(one.name, one)
  }
  const follow = (path: string, name: string): void => {
    for (const statement of parse(path).statements) {
      if (ts.isExportDeclaration(statement) || ts.isImportDeclaration(statement)) {
        const original = reexported(statement, name)
        if (original !== undefined) follow(target(path, statement), original)
      } else add(declared(statement, name, path))
      if (ts.isInterfaceDeclaration(statement) && statement.name.text === name) {
        for (const base of basesOf(statement)) follow(path, base)
      }
    }
  }
  for (const entry of entries) {
    for (const statement of parse(entry).statements) {
      for (const name of namesOf(statement)) follow(entry, name)
    }
  }
  return [...found.values()]
}

function readSource(path: string): string {
  return readFileSync(join(src, path), 'utf8')
}

/** The file that an import of ours leads to, from `src`. */
function target(from: string, { moduleSpecifier }: ts.ExportDeclaration | ts.ImportDeclaration): string {
  const specifier = (moduleSpecifier as ts.StringLiteral).text
  return join(dirname(from), specifier.replace(/js$/, 'ts'))
}

/** The name in the other file of what a statement imports or exports again under this name; undefined if it does not. */
function reexported(statement: ts.ExportDeclaration | ts.ImportDeclaration, name: string): string | undefined {
  if (!(statement.moduleSpecifier as ts.StringLiteral | undefined)?.text.startsWith('.')) return undefined
  const named = ts.isExportDeclaration(statement) ? statement.exportClause : statement.importClause?.namedBindings
  if (named === undefined || !(ts.isNamedExports(named) || ts.isNamedImports(named))) return undefined
  const item = named.elements.find((element) => element.name.text === name)
  return item === undefined ? undefined : (item.propertyName ?? item.name).text
}

/** The names that a statement of an entry file exports. */
function namesOf(statement: ts.Statement): string[] {
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause
    return clause !== undefined && ts.isNamedExports(clause) ? clause.elements.map(({ name }) => name.text) : []
  }
  if (!(ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))) return []
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.getText())
  return [(statement as Declaration).name!.text]
}

function basesOf(declaration: ts.InterfaceDeclaration): string[] {
  const types = declaration.heritageClauses?.flatMap((clause) => [...clause.types]) ?? []
  return types.map(({ expression, typeArguments }) => {
    const name = expression.getText()
    const [first] = typeArguments ?? []
    return (name === 'Omit' || name === 'Pick' || name === 'Partial') && first !== undefined ? first.getText() : name
  })
}

function declared(statement: ts.Statement, name: string, path: string): PublicDeclaration[] {
  const at = `${path}: ${name}`
  if (ts.isVariableStatement(statement)) {
    const isNamed = statement.declarationList.declarations.some((one) => one.name.getText() === name)
    return isNamed ? [{ name: at, comment: commentOf(statement), kind: 'constant' }] : []
  }
  if ((statement as Partial<Declaration>).name?.text !== name) return []
  const comment = commentOf(statement)
  if (ts.isFunctionDeclaration(statement)) return [{ name: at, comment, kind: 'function' }]
  if (ts.isClassDeclaration(statement)) return [{ name: at, comment, kind: 'class' }, ...methodsOf(statement, at)]
  if (ts.isInterfaceDeclaration(statement)) return [{ name: at, comment, kind: 'type' }, ...fieldsOf(statement.members, at)]
  if (ts.isTypeAliasDeclaration(statement)) {
    const fields = ts.isTypeLiteralNode(statement.type) ? fieldsOf(statement.type.members, at) : []
    return [{ name: at, comment, kind: 'type' }, ...fields]
  }
  return ts.isEnumDeclaration(statement) ? [{ name: at, comment, kind: 'type' }] : []
}

function fieldsOf(members: ts.NodeArray<ts.TypeElement>, at: string): PublicDeclaration[] {
  const kind = /Options\b/.test(at) ? 'option' : 'field'
  return members
    .filter((member) => member.name !== undefined)
    .flatMap((member) => {
      const name = `${at}.${member.name!.getText()}`
      const type = ts.isPropertySignature(member) ? member.type : undefined
      const isOptional = member.questionToken !== undefined
      const field: PublicDeclaration = { name, comment: commentOf(member), kind, isOptional, type: type?.getText() ?? '' }
      return [field, ...literalsOf(type).flatMap((literal) => fieldsOf(literal.members, name))]
    })
}

/** The object types that are written out in a type, such as the settings of a section of the configuration. */
function literalsOf(type: ts.TypeNode | undefined): ts.TypeLiteralNode[] {
  if (type === undefined) return []
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(literalsOf)
  return ts.isTypeLiteralNode(type) ? [type] : []
}

/** Public methods of a class, without those that override one of a base class. */
function methodsOf(declaration: ts.ClassDeclaration, at: string): PublicDeclaration[] {
  return declaration.members
    .filter((member): member is ts.MethodDeclaration => ts.isMethodDeclaration(member))
    .filter(({ name, modifiers }) => {
      const isHidden = modifiers?.some(({ kind }) => HIDDEN.has(kind)) === true
      return ts.isIdentifier(name) && !isHidden
    })
    .map((member) => ({ name: `${at}.${member.name.getText()}`, comment: commentOf(member), kind: 'method' as const }))
}

const HIDDEN: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.PrivateKeyword,
  ts.SyntaxKind.ProtectedKeyword,
  ts.SyntaxKind.OverrideKeyword,
])

function commentOf(node: ts.Node): string {
  return ts
    .getJSDocCommentsAndTags(node)
    .map((comment) => comment.getText())
    .join('\n')
}
