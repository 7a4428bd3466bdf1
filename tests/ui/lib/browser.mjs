// The browser, and one TAP line for each thing that a person can see or do.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { contract } from './contract.mjs'
import { root } from './server.mjs'

const modules = join(root, 'cmd/ss-serve/ui/node_modules')
const chrome = process.env.CHROMIUM ?? '/usr/bin/chromium'
const kept = join(resolve(root, process.env.BUILD ?? 'build'), 'ui-screens')

let count = 0
let failed = 0
function line(ok, name, more = '') {
  count++
  if (!ok) failed++
  console.log(`${ok ? 'ok' : 'not ok'} ${count} - ${name}`)
  for (const l of more.split('\n').filter(Boolean)) console.log(`# ${l}`)
}

/** Ends the program with a skip that says what is missing. */
function skip(why) {
  console.log(`ok 1 - the dashboard in a browser # SKIP ${why}\n1..1`)
  process.exit(0)
}

export async function launch() {
  if (!existsSync(chrome)) skip(`no Chromium at ${chrome}`)
  if (!existsSync(join(modules, 'playwright-core')) || !existsSync(join(modules, 'axe-core'))) skip('no playwright-core or axe-core: npm ci in cmd/ss-serve/ui')
  const { chromium } = createRequire(import.meta.url)(join(modules, 'playwright-core'))
  return chromium.launch({
    executablePath: chrome,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

let described
/** The fault of an answer that is not what the API's description says. */
async function holdTo(response) {
  const { origin, pathname } = new URL(response.url())
  if (!pathname.startsWith('/api/v1/') || !response.ok() || !/^application\/json/.test(response.headers()['content-type'] ?? '') || pathname.endsWith('.json')) return ''
  described ??= fetch(`${origin}/api/v1/openapi.json`).then((r) => r.json()).then(contract)
  return (await described)(response.request().method(), pathname, response.status(), await response.json())
}

/** A person with a browser of their own. What the console or the server complains about fails the test under way. The
 * answers are held to the API's description; with `heldOnce`, to one question the first. */
export async function person(browser, url, { width = 1440, height = 900, dark = false, heldOnce = false } = {}) {
  const context = await browser.newContext({
    baseURL: url, viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce',
    locale: 'en-GB', timezoneId: 'Europe/Berlin', permissions: ['clipboard-read', 'clipboard-write'],
  })
  // Nobody waits this long: a machine with other work does.
  context.setDefaultTimeout(20000)
  const page = await context.newPage()
  const complaints = []
  const expected = []
  const asked = (text) => expected.some((e) => e.test(text))
  page.on('pageerror', (e) => complaints.push(`page error: ${e.stack}`))
  page.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && complaints.push(`console: ${m.text()}`))
  page.on('response', (r) => {
    const text = `${r.status()} ${r.request().method()} ${new URL(r.url()).pathname}`
    if (r.status() >= 400 && !asked(text)) complaints.push(`HTTP ${text}`)
  })
  const held = new Set()
  page.on('response', (r) => {
    const question = `${r.request().method()} ${r.url()} ${r.status()}`
    if (heldOnce && held.has(question)) return
    held.add(question)
    holdTo(r).then((fault) => fault && complaints.push(`contract: ${fault}`), () => {})
  })
  page.on('dialog', (d) => d.accept())

  /** `test(name, run)`: one line of TAP; a picture is kept of what failed. */
  const test = async (name, run) => {
    const begun = Date.now()
    try {
      await run(page)
      if (complaints.length) throw new Error(complaints.join('\n'))
      line(true, name, process.env.TIMES ? `${Date.now() - begun} ms` : '')
    } catch (fault) {
      mkdirSync(kept, { recursive: true })
      const picture = join(kept, `${name.replace(/[^a-z0-9]+/gi, '-').slice(0, 60)}.png`)
      await page.screenshot({ path: picture }).catch(() => {})
      line(false, name, `${String(fault.stack ?? fault).slice(0, 1500)}\nat ${page.url()}; a picture: ${picture}\n${complaints.join('\n')}`)
    }
    complaints.length = expected.length = 0
  }
  /** An answer of the server that this test provokes, such as /^403 GET/. */
  const expect = (pattern) => expected.push(pattern)
  return { page, context, test, expect, complaints }
}

/** Signs in by the form. */
export async function signIn(page, email, password) {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
}

/** Goes to a page as its links do, without a reload. */
export async function go(page, path) {
  await page.evaluate((to) => {
    history.pushState(null, '', to)
    dispatchEvent(new PopStateEvent('popstate'))
  }, path)
}

export function is(got, wanted, what) {
  if (got !== wanted) throw new Error(`${what}: '${got}', not '${wanted}'`)
}
export function holds(truth, what) {
  if (!truth) throw new Error(what)
}
/** Waits until `look` gives something true. */
export async function until(look, what, ms = 20000) {
  const end = Date.now() + ms
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await new Promise((done) => setTimeout(done, 50))
  }
}
/** Waits until `look` gives `wanted`. */
export async function becomes(look, wanted, what, ms) {
  let got
  await until(async () => (got = await look()) === wanted, what, ms).catch((fault) => { throw new Error(`${fault.message}: '${got}', not '${wanted}'`) })
}
export const text = (locator) => locator.innerText().then((t) => t.replace(/\s+/g, ' ').trim())
export const seen = (page, words) => page.getByText(words).first().waitFor()
/** What the short message at the lower right says. */
export const toast = (page, words) => page.locator('.toast', { hasText: words }).first().waitFor()

const axe = () => readFileSync(join(modules, 'axe-core/axe.min.js'), 'utf8')
/** No fault that axe can find. */
export async function accessible(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe())
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })
    return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any[0]?.message ?? ''}`).join(' | ')}`)
  })
  if (found.length) throw new Error(`axe: ${found.join('\n')}`)
}
/** The page itself does not scroll sideways, once what follows a change of size (drawings, tables) has followed. */
export async function fits(page) {
  const look = () => page.evaluate(() => {
    const main = document.querySelector('.page')
    const over = [document.documentElement, main].filter((e) => e && e.scrollWidth > e.clientWidth + 1)
    if (!over.length) return ''
    const edge = innerWidth
    const worst = [...document.querySelectorAll('.page *')].filter((e) => e.getBoundingClientRect().right > edge + 1 && !e.closest('.scroll')).slice(0, 3)
    return over.map((e) => `${e.tagName} ${e.scrollWidth} > ${e.clientWidth}`).join() + ' by ' + worst.map((e) => e.tagName + '.' + e.className).join(' ')
  })
  let wide = await look()
  for (const end = Date.now() + 3000; wide && Date.now() < end; wide = await look()) await page.waitForTimeout(50)
  if (wide) throw new Error(`scrolls sideways: ${wide}`)
}

/** The plan, and the program's end. */
export async function done(browser, server) {
  await browser.close()
  await server.stop()
  console.log(`1..${count}`)
  process.exit(failed ? 1 : 0)
}
