import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { developmentIssuer } from '../../src/tokens/development-issuer.ts'
import { createTokenVerifier } from '../../src/tokens/verifier.ts'
import { clock } from './tokens.ts'

const folders: string[] = []

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })))
})

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'issuer-'))
  folders.push(folder)
  return folder
}

describe('the development issuer', () => {
  test('signs tokens for staff and clients that the verifier accepts until they expire', async () => {
    const { now, pass } = clock()
    const made = await developmentIssuer(await emptyFolder(), now)
    const by = createTokenVerifier({
      issuer: made.issuer,
      audience: made.audience,
      algorithms: [made.algorithm],
      keys: { kind: 'development', publicKeyPem: made.publicKeyPem },
      staffClaim: 'sub',
      clientClaim: 'client_id',
      now,
    })
    const staff = await made.sign({ sub: 'E1001' })
    await expect(by.verify(staff)).resolves.toEqual({ kind: 'staff', number: 'E1001' })
    await expect(by.verify(await made.sign({ client_id: 'core-feed' }, 60))).resolves.toEqual({
      kind: 'client',
      clientId: 'core-feed',
    })
    pass(3600)
    await expect(by.verify(staff)).rejects.toMatchObject({ reason: 'expired' })
  })

  test('keeps its key in a file of its owner and finds it again', async () => {
    const folder = join(await emptyFolder(), 'nested', 'folder')
    const made = await developmentIssuer(folder)
    const again = await developmentIssuer(folder)
    expect(again.publicKeyPem).toBe(made.publicKeyPem)
    expect((await stat(join(folder, 'issuer.json'))).mode & 0o777).toBe(0o600)
    await expect(readdir(folder)).resolves.toEqual(['issuer.json'])
  })

  test('agrees with every other process that starts at once', async () => {
    const folder = await emptyFolder()
    const program = `import { developmentIssuer } from ${JSON.stringify(new URL('../../src/tokens/development-issuer.ts', import.meta.url).href)}
      process.stdout.write((await developmentIssuer(process.argv[1])).publicKeyPem)`
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program, folder])
    const outputs = await Promise.all(Array.from({ length: 4 }, run))
    const inProcess = await Promise.all(Array.from({ length: 8 }, () => developmentIssuer(folder)))
    expect(new Set([...outputs.map(({ stdout }) => stdout), ...inProcess.map(({ publicKeyPem }) => publicKeyPem)]).size).toBe(1)
    await expect(readdir(folder)).resolves.toEqual(['issuer.json'])
  })

  test('agrees with itself when called many times at once in an empty folder', async () => {
    for (let round = 0; round < 5; round += 1) {
      const folder = await emptyFolder()
      const made = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          for (let tick = 0; tick < index; tick += 1) await setImmediate()
          return developmentIssuer(folder)
        }),
      )
      expect(new Set(made.map(({ publicKeyPem }) => publicKeyPem)).size).toBe(1)
    }
  })

  test('refuses a file that is damaged or open to others, without showing it', async () => {
    const folder = await emptyFolder()
    const path = join(folder, 'issuer.json')
    await writeFile(path, '{"privateKey":"-----BEGIN secret', { mode: 0o600 })
    await expect(developmentIssuer(folder)).rejects.toThrow(/is corrupt: delete it/)
    await expect(developmentIssuer(folder)).rejects.not.toThrow(/secret/)
    await rm(path)
    await developmentIssuer(folder)
    await chmod(path, 0o644)
    await expect(developmentIssuer(folder)).rejects.toThrow('readable by other users')
  })

  test('refuses lifetimes beyond a day', async () => {
    const made = await developmentIssuer(await emptyFolder())
    for (const lifetime of [0, -1, 1.5, 86_401, NaN])
      await expect(made.sign({ sub: 'E1001' }, lifetime), String(lifetime)).rejects.toThrow('1 to 86400 seconds')
  })
})
