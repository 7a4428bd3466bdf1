// No dead control: on every page, for every role, each button, link and field that can be seen is used, and something
// must come of it: the page changes, the address changes, or the server is asked. What opens (menus, dialogs, drawers)
// is gone through in the same way. The roles go through a page at different widths and in different themes; each then
// uses what is there at the other widths only. With WHOLE=1 (make controls) each role uses all of it at every width
// in both themes. Some of it:
//   WIDTH=390 THEME=dark ONLY=analyst:/lists node tests/ui/controls.mjs
import { done, launch, person, signIn } from './lib/browser.mjs'
import { trier } from './lib/controls.mjs'
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
const { ONLY, WIDTH, THEME, WHOLE } = process.env
const ROLES = ['viewer', 'analyst', 'admin']
const WIDTHS = [390, 1024, 1440]
const THEMES = ['light', 'dark']
// Who shares the pages of a role, where there is much to do.
const PEOPLE = WHOLE ? { viewer: 1, analyst: 1, admin: 2 } : { viewer: 1, analyst: 1, admin: 1 }

/** At which widths and in which themes a role's page `i` is gone through: [width, theme, ...others], of which the others
 * are for what is not at the first. */
function ways(role, i) {
  const r = ROLES.indexOf(role) + i
  const mine = (w, t) => (!WIDTH || w === Number(WIDTH)) && (!THEME || t === THEME)
  if (WHOLE) return WIDTHS.flatMap((w) => THEMES.filter((t) => mine(w, t)).map((t) => [w, t]))
  const all = WIDTHS.map((_, k) => [WIDTHS[(r + k) % 3], THEMES[(r + k) % 2]])
  if (WIDTH || THEME) return [[Number(WIDTH ?? all[0][0]), THEME ?? all[0][1]]]
  return [[...all[0], all[1], all[2]]]
}

const tally = {}
/** One person, who takes pages from `queue` until it is empty. */
async function walk(role, queue) {
  const { page, test, expect } = await person(browser, server.url, { heldOnce: true })
  // Several people at once, on whatever machine.
  page.context().setDefaultTimeout(25000)
  const tryAll = await trier(page)
  await page.goto('/')
  await signIn(page, `${role}@example.com`, PASSWORD)
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { path, there, short, i } = next
    for (const [width, theme, ...others] of ways(role, i))
      await test(`${role} at ${width} px, ${theme}: every control of ${short} does something${others.length ? ', as do those of other widths only' : ''}`, async () => {
        // What is filled in only to be filled in may be refused.
        expect(/^422 POST .*\/(what-if|rule-sets\/(validate|test))$/)
        const dead = []
        const known = new Set()
        for (const [w, t] of [[width, theme], ...others]) {
          await page.setViewportSize({ width: w, height: w === 390 ? 844 : 900 })
          await page.emulateMedia({ colorScheme: t })
          // The frame is the same on each page: it is gone through once.
          const used = await tryAll({ path, there, theme: t }, path === '/' ? 'body' : '.top .filter, main', dead, known)
          const group = `${role} at ${w} px, ${t}`
          tally[group] = (tally[group] ?? 0) + used
          console.log(`# ${group}, ${short}: ${used} controls used`)
        }
        if (dead.length) throw new Error(`dead:\n${dead.join('\n')}`)
      })
  }
  await page.context().close()
}

async function planted() {
  const { page, test } = await person(browser, server.url)
  const tryAll = await trier(page, true)
  await page.goto('/')
  await signIn(page, 'viewer@example.com', PASSWORD)
  await test('dead controls are found', async () => {
    const dead = []
    await tryAll({ path: '/lists', there: 'tbody tr', theme: 'light' }, 'main', dead)
    if (dead.join() !== "button 'Dead': nothing comes of it,button 'As dead': nothing comes of it") throw new Error(`found: ${dead}`)
  })
  await page.context().close()
}

const people = ROLES.flatMap((role) => {
  const pages = PAGES[role].map(([path, there], i) => ({ path, there, i, short: path.replace(payment.txn_id, 'ID').replace(alert.id, 'ID') }))
  const queue = pages.filter(({ path, short }) => !ONLY || [role, path, short, `${role}:${path}`, `${role}:${short}`].includes(ONLY))
  return Array.from({ length: Math.min(PEOPLE[role], queue.length) }, () => walk(role, queue))
})
await Promise.all([planted(), ...people])
for (const [group, used] of Object.entries(tally).sort()) console.log(`# ${group}: ${used} controls used`)
await done(browser, server)
