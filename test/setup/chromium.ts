import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** The Chromium of this machine: the one of `CHROMIUM`, an installed one, or the one of test/browser (`npm ci --prefix test/browser`). Undefined where none runs. */
export async function installedChromium(): Promise<string | undefined> {
  const named = process.env['CHROMIUM']
  if (named) return named
  const installed = usual.find((path) => existsSync(path) && runs(path))
  if (installed !== undefined) return installed
  const packed = await packedChromium()
  return packed !== undefined && runs(packed) ? packed : undefined
}

async function packedChromium(): Promise<string | undefined> {
  const folder = new URL('../browser/', import.meta.url)
  if (process.platform !== 'linux' || !existsSync(new URL('node_modules/@sparticuz/chromium', folder))) return undefined
  const module = createRequire(join(folder.pathname, 'package.json')).resolve('@sparticuz/chromium')
  const { default: chromium } = (await import(module)) as { default: { executablePath(): Promise<string> } }
  return chromium.executablePath()
}

/** It is there, and so are the libraries that it needs. */
const runs = (path: string): boolean => spawnSync(path, ['--version']).status === 0
