import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SigningKey {
  readonly keyId: string
  readonly algorithm: 'RS256' | 'ES256' | 'EdDSA'
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
}

export function signingKey(algorithm: SigningKey['algorithm'], keyId: string): SigningKey {
  const { privateKey, publicKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : algorithm === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519')
  return {
    keyId,
    algorithm,
    privateKey,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: algorithm },
  }
}

export interface KeyServer {
  readonly url: string
  readonly requests: () => number
  readonly answerWith: (answer: (request: IncomingMessage, response: ServerResponse) => void) => void
  readonly publish: (keys: readonly unknown[]) => void
  readonly close: () => Promise<void>
}

/** A key set endpoint on 127.0.0.1 whose answer can be changed while it runs. */
export async function keyServer(keys: readonly unknown[]): Promise<KeyServer> {
  let requests = 0
  let answer = answerKeys(keys)
  const server = createServer((request, response) => {
    requests += 1
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    requests: () => requests,
    answerWith: (next) => (answer = next),
    publish: (next) => (answer = answerKeys(next)),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function answerKeys(keys: readonly unknown[]): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys }))
}
