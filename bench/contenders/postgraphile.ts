import { createServer } from 'node:http'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { makePgSmartTagsPlugin } from 'postgraphile/utils'

// Our tables have few foreign keys; PostGraphile learns the relations that it needs from tags.
const relations: Readonly<Record<string, readonly string[]>> = {
  customer: [
    '(institution_id) references institution (id)|@fieldName institution',
    '(relationship_manager_id) references staff (id)|@fieldName relationshipManager',
  ],
  holding: ['(product_id) references product (id)|@fieldName product'],
}

const tags = makePgSmartTagsPlugin([
  ...Object.entries(relations).map(([table, foreignKey]) => ({
    kind: 'class' as const,
    match: `public.${table}`,
    tags: { foreignKey: [...foreignKey] },
  })),
  // Only columns with an index sort by themselves.
  { kind: 'attribute', match: 'public.holding.account_number', tags: { behavior: ['+orderBy'] } },
])

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [tags],
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false },
  pgServices: [
    makePgService({
      connectionString: process.env['DATABASE_URL']!,
      schemas: ['public', 'bench'],
      poolConfig: { max: 10, options: '-c jit=off -c TimeZone=UTC' },
    }),
  ],
})

const server = createServer()
await instance.createServ(grafserv).addTo(server)
await instance.getSchema()
server.listen(Number(process.env['PORT']), '127.0.0.1')
