import { z } from 'zod'
import type { Column, Field, Selection, SelectedField, View } from '../../db/platform/views/view.ts'

export const moneySchema = z
  .object({
    amount: z.string().meta({ description: 'A decimal number with all decimals of its currency.', examples: ['6000000.00'] }),
    currency: z.string().length(3),
  })
  .meta({ id: 'Money', description: 'An amount of money.' })

const daySchema = z.iso.date()
const instantSchema = z.iso.datetime()

function columnSchema({ type, values }: Column): z.ZodType {
  if (values) return type === 'texts' ? z.array(z.enum(values as [string])) : z.enum(values as [string])
  switch (type) {
    case 'uuid':
      return z.uuid()
    case 'text':
    case 'decimal':
      return z.string()
    case 'integer':
      return z.int()
    case 'float':
      return z.number()
    case 'boolean':
      return z.boolean()
    case 'day':
      return daySchema
    case 'instant':
      return instantSchema
    case 'texts':
      return z.array(z.string())
    case 'json':
      return z.record(z.string(), z.unknown())
  }
}

type Depth = 'single' | 'always' | 'columns'

/** Relations and computed fields that stand in a REST answer of this depth. */
function inRest(field: Field, depth: Depth): boolean {
  switch (field.kind) {
    case 'column':
    case 'money':
      return true
    case 'computed':
      return depth === 'single' && field.inRest
    case 'page':
      return false
    case 'one':
    case 'many':
      return field.inRest === 'always' ? depth !== 'columns' : field.inRest === 'single' && depth === 'single'
  }
}

const below = (depth: Depth): Depth => (depth === 'single' ? 'always' : 'columns')

const schemas = new Map<string, z.ZodType>()

/** The schema of a REST answer about a view: all its own fields and the relations that REST carries. A relation that the caller may not follow is null. */
export function restSchema(view: View, depth: Depth): z.ZodType {
  const id = depth === 'single' ? view.name : depth === 'always' ? `${view.name}Summary` : `${view.name}Reference`
  const known = schemas.get(id)
  if (known) return known
  const shape: Record<string, z.ZodType> = {}
  for (const [name, field] of Object.entries(view.fields)) {
    if (!inRest(field, depth)) continue
    shape[name] = fieldSchema(view, field, depth).meta({ description: field.description })
  }
  const schema = z.object(shape).meta({ id, description: view.description })
  schemas.set(id, schema)
  return schema
}

function fieldSchema(view: View, field: Field, depth: Depth): z.ZodType {
  switch (field.kind) {
    case 'column':
      return field.nullable ? columnSchema(field).nullable() : columnSchema(field)
    case 'money':
      return field.nullable ? moneySchema.nullable() : moneySchema
    case 'computed':
      return field.output.nullable()
    case 'one':
      return restSchema(view.related(field.target), below(depth)).nullable()
    case 'many':
      return z.array(restSchema(view.related(field.target), below(depth))).nullable()
    case 'page':
      return z.never()
  }
}

const selections = new Map<string, Selection>()

/** The selection that `restSchema` describes. */
export function restSelection(view: View, depth: Depth): Selection {
  const id = `${view.name}:${depth}`
  const known = selections.get(id)
  if (known) return known
  const selection = new Map<string, SelectedField>()
  selections.set(id, selection)
  for (const [name, field] of Object.entries(view.fields)) {
    if (!inRest(field, depth)) continue
    const inner =
      field.kind === 'one' || field.kind === 'many' ? restSelection(view.related(field.target), below(depth)) : new Map()
    selection.set(name, { name, input: {}, selection: inner })
  }
  return selection
}
