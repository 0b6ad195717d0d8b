import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SignJWT } from 'jose'

/** Issues tokens for development and tests. `sign` takes the claims that name a caller and a lifetime in seconds (default an hour, at most a day). */
export interface DevelopmentIssuer {
  readonly issuer: string
  readonly audience: string
  readonly algorithm: 'ES256'
  readonly publicKeyPem: string
  readonly sign: (claims: { readonly sub?: string; readonly client_id?: string }, lifetimeSeconds?: number) => Promise<string>
}

const issuer = 'guanxi-development'
const audience = 'guanxi'
const algorithm = 'ES256'
const defaultLifetime = 3_600
const maximumLifetime = 86_400

/**
 * The development issuer of a data folder: its key pair is made once, in `issuer.json` (readable by its owner only), and shared by the service
 * and the token script. Whether it may be used at all (never in production) is for the configuration to say. `now` is in milliseconds since 1970.
 * Throws an `Error` for the operator when the file is unreadable, damaged or open to other users.
 */
export async function developmentIssuer(folder: string, now: () => number = Date.now): Promise<DevelopmentIssuer> {
  return issuerWith(await privateKeyPem(folder, join(folder, 'issuer.json')), now)
}

/** The development issuer of a data folder that has one. Makes nothing: throws an `Error` for people where there is none. */
export async function knownDevelopmentIssuer(folder: string): Promise<DevelopmentIssuer> {
  const pem = await readKeyFile(join(folder, 'issuer.json'))
  if (pem === undefined)
    throw new Error(`There is no development issuer in ${folder}: start the service first, or set DATA_DIR to its folder.`)
  return issuerWith(pem, Date.now)
}

function issuerWith(pem: string, now: () => number): DevelopmentIssuer {
  const privateKey = createPrivateKey(pem)
  return {
    issuer,
    audience,
    algorithm,
    publicKeyPem: createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }),
    sign: async (claims, lifetimeSeconds = defaultLifetime) => {
      if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 1 || lifetimeSeconds > maximumLifetime) {
        throw new Error(`The lifetime of a development token must be 1 to ${maximumLifetime} seconds.`)
      }
      const issuedAt = Math.floor(now() / 1000)
      return new SignJWT({ ...claims })
        .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(privateKey)
    },
  }
}

async function privateKeyPem(folder: string, path: string): Promise<string> {
  const existing = await readKeyFile(path)
  if (existing !== undefined) return existing
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeKeyFile(folder, path)
  const agreed = await readKeyFile(path)
  if (agreed === undefined) throw new Error(`${path} disappeared while it was being created.`)
  return agreed
}

/** A hard link appears whole and never replaces a file: of two processes at once one wins, and both read the winner's key afterwards. */
async function writeKeyFile(folder: string, path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
    publicKeyEncoding: { format: 'pem', type: 'spki' },
  })
  const draft = join(folder, `.issuer-${randomUUID()}`)
  await writeFile(draft, `${JSON.stringify({ algorithm, privateKey }, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true })
  try {
    await link(draft, path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await rm(draft)
  }
}

async function readKeyFile(path: string): Promise<string | undefined> {
  let text: string
  try {
    const { mode } = await stat(path)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new Error(`${path} contains a private key but is readable by other users: delete it or set its mode to 600.`)
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  return keyIn(text, path)
}

function keyIn(text: string, path: string): string {
  try {
    const { algorithm: stored, privateKey } = JSON.parse(text) as Readonly<Record<string, unknown>>
    if (stored === algorithm && typeof privateKey === 'string') return privateKey
  } catch {
    // The parser's message would quote the private key.
  }
  throw new Error(`${path} is corrupt: delete it, and a new development key is created.`)
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
