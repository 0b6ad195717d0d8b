import { z } from 'zod'
import { refuseField } from '../../core/kernel/errors.ts'
import { type PageCursors } from '../../db/platform/views/compile.ts'
import { type Row, withCursor } from '../../db/platform/views/connection.ts'
import type { PageRow } from '../../db/platform/views/read.ts'
import { type CursorCodec, openCursor, sealCursor } from './cursor.ts'

/** What every page operation takes. GraphQL calls `limit` `first` and `cursor` `after`. */
export const pageInput = {
  limit: z.int().min(1).max(200).default(50).meta({ description: 'Maximum number of items on the page.' }),
  cursor: z.string().max(4096).optional().meta({ description: 'Cursor from the previous page.' }),
  includeTotal: z.boolean().default(false).meta({ description: 'Whether to count all items.' }),
}

/** A page as operations answer it: a row per item with the values of each part of the selection that asked for nodes. */
export interface SelectedPage {
  readonly rows: readonly Row[]
  readonly hasNextPage: boolean
  readonly totalCount?: number
}

/** Cursors bound to an operation, its filter and its caller. Opening a forged, foreign or altered one is refused. */
export function pageCursors(codec: CursorCodec, operation: string, caller: string, fingerprint: () => string): PageCursors {
  let known: string | undefined
  const binding = (order: string) => ({ operation, order, fingerprint: (known ??= fingerprint()), caller })
  return {
    seal: (order, keys) => sealCursor(codec, { ...binding(order), values: keys }),
    open(order, cursor) {
      const values = openCursor(codec, cursor, binding(order))
      if (!values) throw refuseField('invalid_cursor', 'cursor', 'cursor', 'The cursor was not issued for this list.')
      return values.map(String)
    },
  }
}

/** The page that a keyset statement read with one row more than asked for. */
export function pageOf(rows: readonly PageRow[], limit: number, order: string, cursors: PageCursors): SelectedPage {
  return {
    rows: rows.slice(0, limit).map(({ keys, nodes, match }) => withCursor(() => cursors.seal(order, keys), nodes, match)),
    hasNextPage: rows.length > limit,
  }
}
