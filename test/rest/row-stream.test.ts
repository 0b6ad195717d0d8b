import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRows } from '../../src/rest/streams/read-rows.ts'
import { columns, cut, cuts, outcomeOf, summary } from './bodies.ts'

const MiB = 1024 * 1024

describe('a body of any bytes', () => {
  const limits = { recordBytes: 60, fieldBytes: 40 }

  test.each([
    ['text/csv', 'a,b,c\n', ['a', ',', '"', '""', '\n', '\r', '\r\n', '\0', '中', '\xff', 'x'.repeat(50), '","', '\uFEFF']],
    [
      'application/x-ndjson',
      '{"a":1}\n',
      ['{"a":', '"', '1', '}', '}\n', '\n', '\r\n', '\0', '中', '\xff', 'x'.repeat(50), '\\u0000', '[', '\uFEFF'],
    ],
  ])(
    '(%s) is read the same in any blocks, without a replacement character, and fails with a refusal only',
    async (contentType, start, pieces) => {
      const bytes = fc
        .array(fc.constantFrom(...pieces), { maxLength: 120 })
        .map((parts) =>
          Buffer.concat([Buffer.from(start), ...parts.map((part) => Buffer.from(part, part === '\xff' ? 'latin1' : 'utf8'))]),
        )
      await fc.assert(
        fc.asyncProperty(bytes, cuts, async (body, { sizes, blockBytes }) => {
          const whole = await outcomeOf(body, { contentType, limits })
          const pieced = await outcomeOf(cut(body, sizes), { contentType, limits: { ...limits, blockBytes } })
          expect({ ...pieced, header: undefined }).toEqual({ ...whole, header: undefined })
          for (const row of whole.rows) expect(row.raw.includes('\uFFFD')).toBe(false)
        }),
        { numRuns: 1_000 },
      )
    },
  )

  test('gives the same lines whether or not records are too long', async () => {
    const body = Buffer.from(`a,b,c\n${'"x\n\n",2,3\n'.repeat(20)}"${'y\n'.repeat(100)}",2,3\nlast,2,3\n`)
    for (const blockBytes of [3, 10, 64, 1000]) {
      const { rows } = await outcomeOf(body, { limits: { ...limits, blockBytes } })
      expect(rows.map(({ line }) => line)).toEqual([...Array.from({ length: 20 }, (_, index) => 2 + 3 * index), 62, 163])
    }
  })
})

describe('the type and encoding of a body', () => {
  test.each(['text/csv', 'TEXT/CSV; charset="UTF-8"; header=present', 'text/csv;charset=utf-8'])(
    '%s is read as CSV',
    async (contentType) => {
      await expect(outcomeOf('a,b,c\n1,2,3\n', { contentType })).resolves.toMatchObject({
        refusal: undefined,
        rows: [{ line: 2 }],
      })
    },
  )

  test.each([
    ['application/json', undefined, 'unsupported_media_type'],
    ['text/csv; charset=big5', undefined, 'unsupported_media_type'],
    ['text/csv; separator=pipe', undefined, 'unsupported_media_type'],
    ['application/x-ndjson; separator=tab', undefined, 'unsupported_media_type'],
    ['', undefined, 'unsupported_media_type'],
    ['constructor', undefined, 'unsupported_media_type'],
    ['text/csv; header=absent', undefined, 'missing_header'],
    ['text/csv', 'br', 'unsupported_encoding'],
    ['text/csv', 'gzip, gzip', 'unsupported_encoding'],
    ['text/csv', 'toString', 'unsupported_encoding'],
  ])('%j, %j is refused before anything is read', (contentType, contentEncoding, code) => {
    expect(() => readRows(Readable.from([]), { contentType, contentEncoding, columns })).toThrow(
      expect.objectContaining({ code }),
    )
  })
})

describe('a gzip body', () => {
  const plain = `a,b,c\n${Array.from({ length: 20_000 }, (_, index) => `${index},${(index * 7919) % 1000},中\n`).join('')}`
  const packed = gzipSync(plain)
  const gzip = { contentEncoding: 'gzip' }

  test('is unpacked, in one or several members', async () => {
    for (const body of [packed, Buffer.concat([gzipSync('a,b,c\n0,1,'), gzipSync(plain.slice(6))])]) {
      const { rows, refusal } = await outcomeOf(cut(body, [777]), gzip)
      expect(refusal).toBeUndefined()
      expect(rows).toHaveLength(20_000)
    }
  })

  test.each<[string, Buffer]>([
    ['ends too early', packed.subarray(0, -9)],
    ['ends in its checksum', packed.subarray(0, -3)],
    ['goes on with garbage', Buffer.concat([packed, Buffer.from('garbage')])],
    ['goes on with one byte', Buffer.concat([packed, Buffer.from('x')])],
    ['goes on with zeros', Buffer.concat([packed, Buffer.alloc(10)])],
    ['goes on with half a member', Buffer.concat([packed, packed.subarray(0, 5)])],
    ['has a wrong checksum', Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8, 1)])],
  ])('that %s is refused behind its good rows, in any chunks', async (_what, body) => {
    for (const size of [97, 1000, body.length]) {
      const { rows, refusal } = await outcomeOf(cut(body, [size]), gzip)
      expect(refusal?.code).toBe('gzip_damaged')
      expect(rows.length).toBeGreaterThan(19_000)
      expect(summary(rows).at(-1)?.[0]).toBe(rows.length + 1)
    }
  })

  test.each([
    ['empty', Buffer.alloc(0)],
    ['no gzip at all', Buffer.from('a,b,c\n1,2,3\n')],
    ['half a header', packed.subarray(0, 5)],
  ])('that is %s is refused', async (_what, body) => {
    await expect(outcomeOf(body, gzip)).resolves.toMatchObject({ rows: [], refusal: { code: 'gzip_damaged' } })
  })

  test('that is a bomb is refused soon', async () => {
    const bomb = gzipSync(Buffer.concat([Buffer.from('a,b,c\n'), Buffer.alloc(60 * MiB, '1,2,3\n')]))
    expect(bomb.length).toBeLessThan(MiB)
    let rows = 0
    const reading = (async () => {
      for await (const batch of readRows(Readable.from([bomb]), { contentType: 'text/csv', columns, ...gzip }))
        rows += batch.length
    })()
    await expect(reading).rejects.toMatchObject({ code: 'gzip_ratio' })
    expect(rows).toBeLessThan((25 * MiB) / 6)
  })

  test('or a plain one beyond the size allowed is refused', async () => {
    const limits = { bodyBytes: 100_000 }
    await expect(outcomeOf(packed, { ...gzip, limits })).resolves.toMatchObject({ refusal: { code: 'body_too_large' } })
    await expect(outcomeOf(plain, { limits })).resolves.toMatchObject({ refusal: { code: 'body_too_large' } })
    await expect(outcomeOf(plain, { limits: { bodyBytes: Buffer.byteLength(plain) } })).resolves.toMatchObject({
      refusal: undefined,
    })
  })
})

describe('the sender', () => {
  test('who vanishes leaves the rows that came whole', async () => {
    const body = new PassThrough()
    body.write('a,b,c\n1,2,3\n4,5,')
    setImmediate(() => body.destroy(new Error('aborted')))
    const { rows, refusal } = await outcomeOf(body)
    expect(summary(rows)).toEqual([[2, { a: '1', b: '2', c: '3' }]])
    expect(refusal).toMatchObject({ code: 'stream_aborted' })
  })

  test('who vanished before the reading began is noticed', async () => {
    const body = new PassThrough()
    body.destroy()
    await expect(outcomeOf(body)).resolves.toMatchObject({ rows: [], refusal: { code: 'stream_aborted' } })
  })

  test.each([undefined, 'gzip'])('who vanishes from an HTTP request is noticed (%s)', async (contentEncoding) => {
    await serving(
      (incoming) => outcomeOf(incoming, { contentEncoding }),
      async (port, outcome) => {
        const outgoing = request({ port, host: '127.0.0.1', method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
        outgoing.on('error', () => undefined)
        outgoing.write(contentEncoding ? gzipSync('a,b,c\n1,2,3\n').subarray(0, 15) : 'a,b,c\n1,2,3\n', () =>
          setImmediate(() => outgoing.destroy()),
        )
        await expect(outcome).resolves.toMatchObject({ refusal: { code: 'stream_aborted' } })
      },
    )
  })

  test('is not asked for more while rows are not taken', async () => {
    let given = 0
    const body = Readable.from(
      (function* () {
        yield Buffer.from('a,b,c\n')
        for (; given < 1000; given += 1) yield Buffer.from('1,2,3\n'.repeat(10_000))
      })(),
    )
    for await (const batch of readRows(body, { contentType: 'text/csv', columns })) {
      expect(batch.length).toBeGreaterThan(0)
      await new Promise((resolve) => setImmediate(resolve))
      break
    }
    expect(given).toBeLessThan(30)
    expect(body.destroyed).toBe(false)
  })

  test.each([undefined, 'gzip'])('of a refused body still gets the answer (%s)', async (contentEncoding) => {
    await serving(
      (incoming) => outcomeOf(incoming, { contentEncoding }),
      async (port) => {
        const text = Buffer.from(`zip,a\n${'1,2\n'.repeat(500_000)}`)
        const response = await fetch(`http://127.0.0.1:${port}`, {
          method: 'POST',
          body: contentEncoding ? gzipSync(text) : text,
        })
        expect(response.status).toBe(422)
        await expect(response.json()).resolves.toEqual({ code: 'unknown_columns' })
      },
    )
  })
})

type Reading = (incoming: IncomingMessage) => ReturnType<typeof outcomeOf>

/** A server that reads each body, answers 422 with the code of a refusal and then lets the rest of the body go by. */
async function serving(
  read: Reading,
  use: (port: number, outcome: ReturnType<typeof outcomeOf>) => Promise<void>,
): Promise<void> {
  const outcome = Promise.withResolvers<Awaited<ReturnType<typeof outcomeOf>>>()
  const server = createServer((incoming, response) => {
    read(incoming).then((result) => {
      outcome.resolve(result)
      response.writeHead(result.refusal ? 422 : 200).end(JSON.stringify({ code: result.refusal?.code }))
      incoming.resume()
    }, outcome.reject)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await use((server.address() as AddressInfo).port, outcome.promise)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
