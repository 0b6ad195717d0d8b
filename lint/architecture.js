import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assemblies, crossings, layers, parts, rooms } from './rooms.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Layer and room of a file of `src`, by its path from the root of the repository. */
function placeOf(path) {
  const [source, layer, second] = path.split('/')
  if (source !== 'src' || !(layer in layers)) return undefined
  const name = second === 'kernel' ? 'platform' : second?.replace(/\.ts$/, '')
  return { layer, room: name in rooms ? name : undefined, path }
}

function partOf({ room, path }) {
  return path.includes(`/${room}/`) ? Object.entries(parts[room] ?? {}).find(([, { files }]) => files.test(path)) : undefined
}

/** Why a file may not import another one, or undefined. */
export function refusedImport(from, to) {
  const [one, other] = [placeOf(from), placeOf(to)]
  if (!one || assemblies.includes(from)) return undefined
  if (!other) return to.startsWith('src/') ? `${one.layer} imports no ${to.split('/')[1]}.` : undefined
  if (other.layer !== one.layer && !layers[one.layer].imports.includes(other.layer))
    return `${one.layer} does not import ${other.layer}: lint/rooms.js says which layer may import which.`
  if (assemblies.includes(to)) return undefined
  if (one.room && other.room && one.room !== other.room && !rooms[one.room].includes(other.room)) {
    if (crossings.some(([room, path]) => room === one.room && to === `src/${path}`)) return undefined
    return `${one.room} does not import ${other.room}: lint/rooms.js says which room may import which.`
  }
  if (one.room && one.room === other.room) {
    const [part, otherPart] = [partOf(one), partOf(other)]
    if (part && otherPart && part[0] !== otherPart[0] && !part[1].imports.includes(otherPart[0]))
      return `${part[0]} do not import ${otherPart[0]}: what they share lies in a file of its own.`
  }
  return undefined
}

/** Why a file may not import a package, or only its types, or undefined. */
function refusedPackage(from, name, onlyTypes) {
  const place = placeOf(from)
  if (!place) return undefined
  const { outside, refused, types } = layers[place.layer]
  if (onlyTypes && types) return undefined
  const isRefused = outside ? !outside.test(name) : refused?.test(name)
  return isRefused ? `${place.layer} does not import ${name}.` : undefined
}

/** Every import of the file, static, dynamic and as a type. */
function onImports(check) {
  const visit = (node) => {
    if (node.source && typeof node.source.value === 'string') check(node, node.source.value)
  }
  return { ImportDeclaration: visit, ExportNamedDeclaration: visit, ExportAllDeclaration: visit, ImportExpression: visit }
}

const pathFromRoot = (file) => relative(root, file).split(sep).join('/')

/** Layers in which every file belongs to a room, or puts rooms together. */
const divided = ['core', 'db', 'operations']

/** Why a file may not be where it is, or undefined. */
function refusedPlace(from) {
  const place = placeOf(from)
  if (!place || !divided.includes(place.layer) || place.room || assemblies.includes(from)) return undefined
  return `${from} is in no room: lint/rooms.js names the rooms, and the files that put them together.`
}

const imports = {
  create(context) {
    const from = pathFromRoot(context.filename)
    const misplaced = refusedPlace(from)
    const visitors = onImports((node, specifier) => {
      const message = specifier.startsWith('.')
        ? refusedImport(from, pathFromRoot(join(dirname(context.filename), specifier)))
        : refusedPackage(from, specifier, node.importKind === 'type')
      if (message) context.report({ node, message })
    })
    return { ...visitors, ...(misplaced && { Program: (node) => context.report({ node, message: misplaced }) }) }
  },
}

const sqlText =
  /::(uuid|text|int|bigint|date|timestamptz|boolean|jsonb?|float8|numeric)\b|\b(select|insert into|update|delete from)\b[^]*\b(from|set|values|where)\b|\bexists \(select\b/i

/** Whether a text is a piece of a statement rather than a sentence: SQL is written in lower case here. */
export function isSql(text) {
  return sqlText.test(text) && !/^[A-Z][^]*\.$/.test(text.trim())
}

/** No statement, and no piece of one, outside db. */
const sql = {
  create(context) {
    const report = (node) => context.report({ node, message: 'SQL belongs to db: give it a name there and ask for it by that.' })
    return {
      Literal(node) {
        if (typeof node.value === 'string' && isSql(node.value)) report(node)
      },
      TemplateLiteral(node) {
        if (isSql(node.quasis.map(({ value }) => value.raw).join('?'))) report(node)
      },
      ImportSpecifier(node) {
        if (node.imported.name === 'Bind') report(node)
      },
    }
  },
}

const refusals = new Set(['refuseField', 'refusal', 'identityRefusal'])

/** What the bank allows is decided in core: db answers what there is. Whoever is not there may be refused where they are looked up. */
const decisions = {
  create(context) {
    const report = (node) => context.report({ node, message: 'A refusal is a decision about the bank: it belongs to core.' })
    return {
      NewExpression(node) {
        if (node.callee.name === 'DomainError') report(node)
      },
      CallExpression(node) {
        if (refusals.has(node.callee.name)) report(node)
      },
    }
  },
}

const lockNumber = /advisory(_xact)?_lock(_shared)?\(\s*\d/

/** Numbers of advisory locks stand in one file, so that no two purposes meet. */
const locks = {
  create(context) {
    const check = (node, text) => {
      if (lockNumber.test(text))
        context.report({ node, message: 'Numbers of advisory locks belong in src/db/platform/locks.ts.' })
    }
    return {
      Literal: (node) => check(node, String(node.value)),
      TemplateLiteral: (node) => check(node, node.quasis.map(({ value }) => value.raw).join('')),
    }
  },
}

export default { meta: { name: 'architecture' }, rules: { imports, sql, decisions, locks } }
