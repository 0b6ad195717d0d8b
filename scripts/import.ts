import { feedEntities } from '../src/core/feeds/imports.ts'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { v7 } from 'uuid'
import { processConfig } from '../src/start/config.ts'
import { knownDevelopmentIssuer } from '../src/tokens/development-issuer.ts'

const usage = `Sends a file to the running service.

  npm run import -- <entity> <file.csv|file.ndjson>[.gz] [--url http://127.0.0.1:3000] [--token <token>] [--client core-banking] [--import-id <uuid>]

Entities: ${feedEntities.join(', ')}. Without a token, one of the development issuer is used.
A broken import can be resumed with the printed Import-Id.`

const WIDTH = 30

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      client: { type: 'string' },
      'import-id': { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const [entity, file] = positionals
  if (values.help || entity === undefined || file === undefined || positionals.length > 2) throw new Error(usage)
  const config = processConfig()
  const url = new URL(`/v1/imports/${entity}`, values.url ?? `http://${config.host}:${config.port}`)
  const client = values.client ?? 'core-banking'
  const token =
    values.token ?? (await (await knownDevelopmentIssuer(config.dataDir)).sign({ sub: client, client_id: client }, 86_400))
  const importId = values['import-id'] ?? v7()
  const plain = file.replace(/\.gz$/, '')
  const type = plain.endsWith('.csv') ? 'text/csv' : /\.(ndjson|jsonl)$/.test(plain) ? 'application/x-ndjson' : undefined
  if (type === undefined) throw new Error('The file name must end in .csv or .ndjson, optionally followed by .gz.')
  const { size } = await stat(file)
  console.error(`Import-Id ${importId}`)

  const { status, body } = await send(url, file, size, {
    authorization: `Bearer ${token}`,
    'content-type': type,
    'import-id': importId,
    ...(plain !== file && { 'content-encoding': 'gzip' }),
  })
  const report = JSON.parse(body) as Record<string, unknown>
  console.log(JSON.stringify(report, undefined, 2))
  if (status !== 200) throw new Error(`The service refused with status ${status}.`)
  if (Number(report['rowsRejected']) > 0) {
    console.error(`Some rows were rejected: GET ${url.origin}/v1/imports/${importId}/rejects`)
    process.exitCode = 2
  }
}

/** Streams the file as it is read, so that its size does not matter, and shows how much is sent. */
async function send(
  url: URL,
  file: string,
  size: number,
  headers: Record<string, string>,
): Promise<{ readonly status: number; readonly body: string }> {
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { method: 'POST', headers })
  const answered = new Promise<{ status: number; body: string }>((resolve, reject) => {
    request.once('error', reject)
    request.once('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
  })
  let sent = 0
  const progress = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length
      showProgress(sent, size)
      done(null, chunk)
    },
  })
  // A refusal may come before the whole file is sent: then the answer counts, not the broken pipe.
  const sending = pipeline(createReadStream(file), progress, request)
  await Promise.race([sending, answered])
  sending.catch(() => {})
  const answer = await answered
  if (process.stderr.isTTY) process.stderr.write('\n')
  return answer
}

function showProgress(sent: number, size: number): void {
  if (!process.stderr.isTTY) return
  const part = size === 0 ? 1 : sent / size
  process.stderr.write(`\r[${'█'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH)}] ${Math.floor(part * 100)} %`)
}

await main().catch((error: Error) => {
  console.error(error.message)
  process.exitCode ||= 1
})
