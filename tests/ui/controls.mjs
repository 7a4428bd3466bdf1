// No dead control: on every page, for every role, each button, link and field that can be seen is used, and something
// must come of it: the page changes, the address changes, or the server is asked. What opens (menus, dialogs, drawers)
// is gone through in the same way. Changes are caught on their way to the server, so that no control spoils the next.
// Each role at another width, an analyst in the dark; WIDTH is for all of them. EACH people of a role share its pages:
//   WIDTH=390 ONLY=analyst:/lists node tests/ui/controls.mjs
import { done, go, launch, person, signIn, until } from './lib/browser.mjs'
import { api, serve } from './lib/server.mjs'

const browser = await launch()
// Nothing comes in: what changes was changed by the control.
const server = await serve({ payments: 3000, rate: 0 })
const PASSWORD = 'correct horse battery'
const admin = api(server.url, (await api(server.url)('POST', 'auth/setup', { token: server.token, email: 'admin@example.com', name: 'Ann', password: PASSWORD })).access_token)
for (const role of ['analyst', 'viewer']) {
  const { password } = await admin('POST', 'users', { email: `${role}@example.com`, name: role, role })
  const { access_token } = await api(server.url)('POST', 'auth/login', { email: `${role}@example.com`, password })
  await api(server.url, access_token)('POST', 'auth/password', { current: password, new: PASSWORD })
}
await admin('POST', 'lists', { name: 'bad_devices', kind: 'exact', description: 'Devices of known frauds' })
await admin('POST', 'lists/bad_devices/entries', { value: 'D1', reason: 'seen in a fraud' })
await admin('POST', 'keys', { name: 'a shop', role: 'service', scopes: ['score'] })
await admin('POST', 'invites', { role: 'analyst' })
await admin('PUT', 'auth/me/preferences/views.payments', { Risky: 'level=HIGH' })
const payment = (await admin('GET', 'payments?limit=1&level=HIGH,CRITICAL')).items[0]
const a_case = (await admin('GET', 'cases?limit=1')).items[0]
const alert = (await admin('GET', 'alerts?limit=1')).items[0]

const EVERYBODY = [
  ['/', '.feed li'], ['/payments', 'tbody tr.can'], [`/payments?open=${encodeURIComponent(payment.txn_id)}&level=HIGH`, '.drawer .verdict'],
  ['/alerts', 'tbody tr.can'], [`/alerts?open=${encodeURIComponent(alert.id)}`, '.drawer .verdict'], [`/cases/${a_case.id}`, '.case-title'], ['/cases?view=board&tab=all', '.board a'],
  ['/customers', 'tbody tr.can'], [`/customers/${payment.user_id}`, '.strip .figure'], ['/analytics', '.figure-box canvas'],
  ['/rules', 'tbody tr'], ['/rules?tab=versions', '.card'], ['/lists', 'tbody tr'], ['/lists/bad_devices', '.stack'], ['/what-if', 'form'], ['/me', 'tbody tr'],
]
const PAGES = {
  viewer: EVERYBODY,
  analyst: [...EVERYBODY, ['/lab', '.strip']],
  admin: [...EVERYBODY, ['/lab', '.strip'], ['/people', 'tbody tr'], ['/keys', 'table'], ['/settings', '.setting'], ['/audit', 'tbody tr']],
}
// These only ask, though they send something along.
const ASKS = /\/(auth\/(ticket|refresh|login)|rule-sets\/(validate|test)|what-if)$/

/** In the page: gives every control that can be seen inside `within` a mark, alike ones in a list only once. */
function mark(within) {
  const boxes = [...document.querySelectorAll(within)]
  const controls = 'a[href], button, input, select, textarea, summary, [role=option]'
  // Of what floats, the one on top.
  const all = within.includes(',') ? boxes.flatMap((b) => [...b.querySelectorAll(controls)]) : [...(boxes.at(-1)?.querySelectorAll(controls) ?? [])]
  const seen = new Set()
  const found = []
  for (const e of all) {
    if (e.disabled || !e.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true }) || e.closest('[aria-hidden=true]')) continue
    if (within === 'body' && e.closest('.menu, .dialog')) continue
    if (e.classList.contains('skip')) continue // it is seen once it has the focus
    const repeated = e.closest('tbody tr, li, .lines > *, .meter, .queue > *, .menu label, .board a')
    const path = []
    for (let up = e; up && !boxes.includes(up); up = up.parentElement) path.push(up.tagName + '.' + [...up.classList].filter((c) => !/^(current|can|critical|high|medium|low|none|bad|good)$/.test(c)).join('.'))
    const cell = e.closest('td')
    const name = (e.getAttribute('aria-label') ?? e.title ?? '') || e.innerText || e.name || e.placeholder || ''
    // Ids aside, what it says; in a list, the column and what a button says.
    const plain = name.replace(/\S*\d\S*/g, '#').trim()
    const words = repeated ? `${cell?.cellIndex ?? ''} ${cell && e.tagName === 'BUTTON' && /^(Turn|Shadow|Live|Revoke|Take|Remove|#)/.test(plain) ? plain : ''}` : plain
    const key = `${path.join('<')} ${words}`
    if (seen.has(key)) continue
    seen.add(key)
    found.push({ at: [...document.querySelectorAll(controls)].indexOf(e), name: `${e.tagName.toLowerCase()} '${name.trim().replace(/\s+/g, ' ').slice(0, 60)}'`, key })
  }
  return found
}

/** In the page, before the control is used: counts what changes outside of what lives by itself. */
function watch() {
  globalThis.changes = []
  globalThis.watcher?.disconnect()
  globalThis.watcher = new MutationObserver((all) => {
    for (const m of all) {
      const e = m.target.nodeType === 1 ? m.target : m.target.parentElement
      if (!e?.closest('.pill, .skeleton, .toasts')) globalThis.changes.push(`${m.type} ${e?.className ?? ''} ${m.attributeName ?? ''}`)
    }
  })
  globalThis.watcher.observe(document, { subtree: true, childList: true, characterData: true, attributes: true })
}

async function use(page, at) {
  const control = page.locator('a[href], button, input, select, textarea, summary, [role=option]').nth(at)
  const kind = await control.evaluate((e) => ({
    tag: e.tagName, type: e.type, list: e.getAttribute('role'), pressed: e.getAttribute('aria-pressed') === 'true' || e.getAttribute('aria-current') !== null || e.getAttribute('aria-selected') === 'true',
    held: !!e.closest('form, [role=radiogroup], .dialog'), here: e.href === location.href || (e.tagName === 'A' && e.pathname === location.pathname && e.search === location.search), file: e.type === 'file', inside: !!e.closest('.menu'), download: e.hasAttribute('download'),
  }))
  if (kind.file || (kind.tag === 'INPUT' && kind.type === 'file')) {
    await control.setInputFiles({ name: 'note.csv', mimeType: 'text/csv', buffer: Buffer.from('value\nX\n') })
  } else if (kind.tag === 'SELECT') {
    const values = await control.evaluate((e) => [...e.options].filter((o) => o.value !== e.value).map((o) => o.value))
    if (values.length) await control.selectOption(values[0])
    else return 'held'
  } else if (kind.tag === 'TEXTAREA' || (kind.tag === 'INPUT' && !['checkbox', 'radio', 'range', 'button'].includes(kind.type))) {
    await control.fill(kind.type === 'date' ? '2030-01-01' : kind.type === 'number' ? '7' : kind.type === 'email' ? 'x@example.com' : '1')
    if (!kind.held) await control.press('Enter')
  } else if (kind.type === 'range') {
    await control.fill('50')
  } else {
    await control.click()
  }
  // A choice that is already made, or a link to where one is, has nothing to do.
  return kind.pressed || kind.here ? 'held' : kind.tag === 'BUTTON' || kind.tag === 'A' || kind.tag === 'SUMMARY' || kind.list ? '' : kind.held ? 'held' : ''
}

const OPENED = ['.dialog', '.menu', '.drawer']
/** Two frames: what was changed is drawn. */
const drawn = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))).catch(() => {})
const opened = (page) => page.evaluate((all) => all.filter((s) => document.querySelector(s)), OPENED)

const { ONLY, WIDTH } = process.env
const EACH = 1
const WIDTHS = { viewer: 390, analyst: 1024, admin: 1440 }
/** One person, who takes pages from `queue` until it is empty. */
async function walk(role, queue, plants) {
  const width = Number(WIDTH ?? WIDTHS[role])
  const dark = role === 'analyst'
  const { page, test, expect } = await person(browser, server.url, { width, height: width === 390 ? 844 : 900, dark })
  // Three people at once, on whatever machine.
  page.context().setDefaultTimeout(25000)
  // Nothing asks by itself.
  await page.addInitScript(() => { globalThis.setInterval = () => 0 })
  let asked = []
  let settle = true
  let planted = false
  await page.route(/\/api\/v1\//, (route) => {
    const request = route.request()
    const path = new URL(request.url()).pathname
    if (!settle) asked.push(`${request.method()} ${path}`)
    if (request.method() === 'GET' || ASKS.test(path)) return route.continue()
    return route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"title":"not now","status":503,"detail":"not while the controls are tried"}' })
  })
  page.on('download', (d) => { asked.push(`download ${d.suggestedFilename()}`); void d.cancel() })
  await page.goto('/')
  await signIn(page, `${role}@example.com`, PASSWORD)

  const ready = async (there) => {
    await page.locator(there).first().waitFor()
    await until(() => page.evaluate(() => !document.querySelector('.skeleton') ), 'all is loaded', 25000)
  }
  /** To the page as it was, with what the steps before open. */
  const reset = async (path, there, steps) => {
    settle = true
    const whole = await page.evaluate((theme) => {
      globalThis.watcher?.disconnect()
      for (const k of Object.keys(localStorage)) if (k === 'theme' || k.startsWith('columns.')) localStorage.removeItem(k)
      for (const t of document.querySelectorAll('.toast')) t.remove()
      return document.querySelector('.side') && document.documentElement.dataset.theme === theme && document.documentElement.dataset.density === 'dense' && !document.querySelector('.dialog')
    }, dark ? 'dark' : 'light').catch(() => false)
    if (whole) {
      // Another page in between: what a page holds begins anew.
      await go(page, '/nowhere')
      await page.getByText('There is no page of this name').waitFor()
      await go(page, path)
    } else {
      await page.evaluate(() => localStorage.removeItem('density')).catch(() => {})
      await page.goto(path)
    }
    await ready(there)
    if (planted) await page.evaluate(() => document.querySelector('main > div').append(Object.assign(document.createElement('button'), { textContent: 'Dead' })))
    for (const step of steps) {
      const at = (await page.evaluate(mark, step.within)).find((c) => c.key === step.key)
      if (!at) return false
      await use(page, at.at)
      await drawn(page)
    }
    await until(() => page.evaluate(() => !document.querySelector('.skeleton')), 'what opened is loaded', 25000)
    return true
  }

  /** Uses each control inside `within`; gives what is dead. */
  const tryAll = async (path, there, within, steps, dead, tally) => {
    let clean = await reset(path, there, steps)
    if (!clean) return
    for (const { key, name } of await page.evaluate(mark, within)) {
      if (!clean) await reset(path, there, steps)
      clean = false
      const now = (await page.evaluate(mark, within)).find((c) => c.key === key)
      if (!now) continue
      tally.used++
      const url = page.url()
      const before = await opened(page)
      await page.evaluate(watch)
      settle = false
      asked = []
      let excused = ''
      try {
        excused = await use(page, now.at)
      } catch (fault) {
        dead.push(`${name}: cannot be used: ${String(fault).split('\n')[0]}`)
        continue
      }
      const came = async () => asked.length || (await page.locator('.toast').count()) || page.url() !== url || (await page.evaluate(() => globalThis.changes?.length ?? 1).catch(() => 1))
      const end = Date.now() + (excused ? 60 : 6000)
      let effect = await came()
      while (!effect && Date.now() < end) effect = await came() || (await new Promise((r) => setTimeout(r, 25)))
      if (!effect && !excused) dead.push(`${steps.map((s) => `${s.name} > `).join('')}${name}: nothing comes of it`)
      // Some things open once the server has answered.
      if (effect && !excused) asked.length ? await page.waitForTimeout(100) : await drawn(page)
      // What it opened is gone through too.
      const fresh = (await opened(page).catch(() => [])).filter((s) => !before.includes(s))
      if (fresh.length && steps.length < 2 && new URL(page.url()).pathname === new URL(url).pathname && !tally.opened.has(`${fresh[0]} ${key}`)) {
        tally.opened.add(`${fresh[0]} ${key}`)
        await tryAll(path, there, fresh[0], [...steps, { within, key, name }], dead, tally)
        clean = false
      } else if (!effect) clean = true
    }
  }

  if (plants)
    await test('a dead control is found', async () => {
      const dead = []
      planted = true
      await tryAll('/lists', 'tbody tr', 'main', [], dead, { used: 0, opened: new Set() })
      planted = false
      if (dead.join() !== "button 'Dead': nothing comes of it") throw new Error(`found: ${dead}`)
    })
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [path, there] = next
    const tally = { used: 0, opened: new Set() }
    const short = path.replace(payment.txn_id, 'ID').replace(alert.id, 'ID')
    await test(`${role} at ${width} px: every control of ${short} does something`, async () => {
      expect(/^503 /)
      expect(/^4\d\d (GET|POST) /)
      const dead = []
      // The frame is the same on each page: it is gone through once.
      await tryAll(path, there, path === '/' ? 'body' : '.top .filter, main', [], dead, tally)
      console.log(`# ${role} ${short}: ${tally.used} controls used`)
      if (dead.length) throw new Error(`dead:\n${dead.join('\n')}`)
    })
  }
}
const people = ['viewer', 'analyst', 'admin'].flatMap((role) => {
  const queue = PAGES[role].filter(([path]) => !ONLY || ONLY === role || ONLY === `${role}:${path}` || ONLY === path)
  return [...Array(Math.min(EACH, queue.length)).keys()].map((i) => walk(role, queue, role === 'viewer' && !i))
})
await Promise.all(people)
await done(browser, server)
