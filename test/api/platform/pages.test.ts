import { type AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { openapi } from '../contract-document.ts'
import { installedChromium } from '../../setup/chromium.ts'
import { test, type TestService } from '../../setup/service.ts'

const executablePath = await installedChromium()
if (executablePath === undefined)
  console.warn(
    'SKIPPED: the pages in a browser, since no Chromium runs here. Install one, name it in CHROMIUM, or: npm ci --prefix test/browser',
  )

const operations: readonly { readonly operationId: string; readonly summary: string }[] = Object.values<any>(
  openapi.paths,
).flatMap((item) => Object.values<any>(item))

/** What the test uses of a page's window. */
interface BrowserWindow {
  getSelection(): { removeAllRanges(): void }
  /** The browser's own search: case, direction, whether it begins again at the top. */
  find(text: string, caseSensitive: boolean, backwards: boolean, wraps: boolean): boolean
}

/** A name that is no loopback address, over plain HTTP, as in a bank's network. */
const host = 'guanxi.test'

describe.skipIf(executablePath === undefined)('in Chromium, under the name of another host and over plain HTTP,', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', `--host-resolver-rules=MAP ${host} 127.0.0.1`],
    })
  })
  afterAll(() => browser.close())

  /** Opens a page, and notes what it asks of other hosts and what it complains of. */
  async function open(
    origin: string,
    path: string,
  ): Promise<{ readonly page: Page; readonly foreign: string[]; readonly faults: string[] }> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const foreign: string[] = []
    const faults: string[] = []
    page.on('request', (request) => {
      if (/^(https?|wss?):/.test(request.url()) && !request.url().startsWith(`${origin}/`)) foreign.push(request.url())
    })
    page.on('pageerror', ({ message }) => faults.push(message))
    page.on('console', (message) => {
      // A header that browsers obey over HTTPS only, and say so.
      if (message.type() === 'error' && !message.text().startsWith('The Cross-Origin-Opener-Policy')) faults.push(message.text())
    })
    page.on('requestfailed', (request) => faults.push(request.url()))
    await page.goto(`${origin}${path}`)
    return { page, foreign, faults }
  }

  /** The service's own address, under the foreign name. */
  const listen = async ({ app }: TestService): Promise<string> => {
    if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
    return `http://${host}:${(app.server.address() as AddressInfo).port}`
  }

  test('the reference shows every operation to the search of the browser, and finds it by its own', async ({ service }) => {
    const { page, foreign, faults } = await open(await listen(service), '/docs')
    await page.getByText('Create a customer', { exact: true }).first().waitFor()
    expect(await page.title()).toBe('Guanxi: REST reference')
    const summaries = operations.map(({ summary }) => summary)
    const shown = (await page.locator('body').innerText()).replaceAll(/\s+/g, ' ')
    expect(summaries.filter((summary) => !shown.includes(summary))).toEqual([])
    // A Chromium without a window has no search.
    const unfound = await page.evaluate((texts) => {
      const { getSelection, find } = globalThis as unknown as BrowserWindow
      const finds = (text: string): boolean => {
        getSelection().removeAllRanges()
        return find(text, false, false, true)
      }
      return finds('Guanxi') ? texts.filter((text) => !finds(text)) : []
    }, summaries)
    expect(unfound).toEqual([])
    expect(await page.getByText('npm run --silent token').first().isVisible()).toBe(true)
    const advertising = page.locator('a[href*="scalar.com"]')
    expect(await advertising.evaluateAll((links) => links.filter((link) => link.checkVisibility()).length)).toBe(0)

    await page.keyboard.press('ControlOrMeta+k')
    const search = page.getByRole('dialog')
    await search.getByRole('combobox').fill('overrideTier')
    await search.getByText('Request a tier override for a customer').waitFor()
    await page.keyboard.press('Escape')

    await page.getByText('Test Request').first().click()
    await page.getByText('Send Request').waitFor()
    expect(foreign).toEqual([])
    expect(faults).toEqual([])
  })

  test('the workbench of GraphQL tells how to get a token, and advertises nothing', async ({ service }) => {
    const { page, foreign, faults } = await open(await listen(service), '/graphiql')
    await page.getByText('npm run --silent token').waitFor()
    expect(await page.title()).toBe('Guanxi: GraphQL')
    const banner = page.locator('app-banner')
    await banner.first().waitFor({ state: 'attached' })
    expect(await banner.evaluateAll((banners) => banners.filter((one) => one.checkVisibility()).length)).toBe(0)
    expect(foreign).toEqual([])
    // It asks for the schema before there is a token.
    expect(faults.filter((fault) => !/ 401\b/.test(fault))).toEqual([])
  })
})
