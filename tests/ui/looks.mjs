// Every page, as each role sees it, at three widths and in both themes: nothing that axe finds, nothing that scrolls
// sideways, no error, and no control that somebody there could not use.
import { accessible, done, fits, go, launch, person, signIn, until } from './lib/browser.mjs'
import { api, serve } from './lib/server.mjs'
import { usable } from './lib/usable.mjs'

const browser = await launch()
const server = await serve()
const { page: mine, test: check } = await person(browser, server.url)
const WHO = { email: 'ann@example.com', password: 'correct horse battery' }

await check('first-run setup is accessible', async () => {
  await mine.goto('/')
  await mine.getByLabel('Setup token').waitFor()
  await accessible(mine)
})
const { access_token } = await api(server.url)('POST', 'auth/setup', { token: server.token, name: 'Ann', ...WHO })
const ask = api(server.url, access_token)
await check('signing in is accessible', async () => {
  await mine.reload()
  await mine.getByLabel('Email').waitFor()
  await accessible(mine)
  await mine.getByLabel('Email').fill(WHO.email)
  await mine.getByLabel('Password').fill(WHO.password)
  await mine.keyboard.press('Enter')
  await mine.locator('.side').waitFor()
})

const of = async (path) => (await ask('GET', `${path}?limit=1`)).items[0]
const others = {}
for (const role of ['analyst', 'viewer']) {
  const { password } = await ask('POST', 'users', { email: `${role}@example.com`, name: role, role })
  const { access_token: theirs } = await api(server.url)('POST', 'auth/login', { email: `${role}@example.com`, password })
  await api(server.url, theirs)('POST', 'auth/password', { current: password, new: WHO.password })
  others[role] = await person(browser, server.url)
  await others[role].page.goto('/')
  await signIn(others[role].page, `${role}@example.com`, WHO.password)
}
await ask('POST', 'lists', { name: 'bad_devices', kind: 'exact', description: 'Devices of known frauds' })
await ask('POST', 'lists/bad_devices/entries', { entries: [{ value: 'D1', reason: 'seen in a fraud' }] }).catch(() => {})
const payment = (await ask('GET', 'payments?limit=1&level=HIGH,CRITICAL')).items[0]
const customer = payment.user_id
const a_case = await of('cases')
const alert = await of('alerts')
/** A page, and what shows that it is all there. */
const PAGES = [
  ['overview', '/', '.strip .figure'],
  ['payments', '/payments', 'tbody tr.can'],
  ['a payment', `/payments?open=${encodeURIComponent(payment.txn_id)}`, '.drawer .verdict'],
  ['alerts', '/alerts', 'tbody tr.can'],
  ['an alert', `/alerts?open=${encodeURIComponent(alert.id)}`, '.drawer .verdict'],
  ['cases', '/cases', '.queue li'],
  ['a case', `/cases/${a_case.id}`, '.case-title'],
  ['the board', '/cases?view=board&tab=all', '.board a'],
  ['customers', '/customers', 'tbody tr.can'],
  ['a customer', `/customers/${customer}`, '.strip .figure'],
  ['analytics', '/analytics', '.figure-box canvas'],
  ['rules', '/rules', 'tbody tr'],
  ['versions', '/rules?tab=versions', '.card .row'],
  ['lists', '/lists', 'tbody tr'],
  ['a list', '/lists/bad_devices', 'form'],
  ['what-if', '/what-if', 'form'],
  ['lab', '/lab', '.strip'],
  ['people', '/people', 'tbody tr'],
  ['keys', '/keys', 'table'],
  ['settings', '/settings', '.setting'],
  ['audit', '/audit', 'tbody tr'],
  ['your account', '/me', 'tbody tr'],
]
const FOR = { admin: () => true, analyst: (path) => !/^\/(people|keys|settings|audit)/.test(path), viewer: (path) => !/^\/(people|keys|settings|audit|lab)/.test(path) }
const only = process.env.ONLY
for (const [role, { page, test }] of Object.entries({ admin: { page: mine, test: check }, ...others })) {
  for (const [name, path, there] of PAGES.filter(([n, p]) => (!only || n === only) && FOR[role](p))) {
    for (const width of [1440, 1024, 390]) {
      await test(`${role}: ${name} at ${width} px, light and dark`, async () => {
        await page.setViewportSize({ width, height: width === 390 ? 844 : 900 })
        if (width !== 1024) await go(page, path)
        await page.locator(role !== 'admin' && name === 'a list' ? 'main .stack' : there).first().waitFor()
        await until(() => page.evaluate(() => !document.querySelector('.skeleton')), 'all is loaded')
        for (const theme of ['light', 'dark']) {
          await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme)
          await fits(page)
          await usable(page)
          // What axe finds hangs on the layout; between the two wide ones little of it changes, between roles less.
          if (role === 'admin' ? width !== 1024 || theme === 'light' : (width === 1440) === (theme === 'light')) await accessible(page)
        }
      })
    }
  }
}
await done(browser, server)
