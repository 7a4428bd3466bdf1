// Where somebody is, and how they move: every key of the map does what the map says, links lead back to the same place,
// and a list of many thousands is read to its end.
//   ROWS=100000 node tests/ui/places.mjs      the long list at its full length
import { becomes, done, go, holds, is, launch, person, seen, signIn, text, toast, until } from './lib/browser.mjs'
import { api, serve } from './lib/server.mjs'

const ROWS = Number(process.env.ROWS ?? 4000)
const browser = await launch()
const server = await serve({ payments: ROWS, rate: 0 })
const WHO = { email: 'ann@example.com', password: 'correct horse battery' }
const ask = api(server.url, (await api(server.url)('POST', 'auth/setup', { token: server.token, name: 'Ann', ...WHO })).access_token)
const { page, context, test } = await person(browser, server.url)
context.setDefaultTimeout(30000)
await page.goto('/')
await signIn(page, WHO.email, WHO.password)
const LONG = 40000
const title = () => text(page.locator('.top h1'))
const dialog = page.getByRole('dialog')
const whole = () => until(() => page.evaluate(() => !document.querySelector('.skeleton')), 'all is loaded', LONG)
const opens = async (path, there) => {
  await go(page, path)
  await page.locator(there).first().waitFor()
  await whole()
  await page.locator('main').focus()
}
/** The key map as it is shown: [key, what it does]. */
const map = async () => {
  await page.keyboard.press('?')
  await dialog.getByText('This map').waitFor()
  const all = await dialog.locator('dl').evaluate((e) => [...e.querySelectorAll('dt')].map((t) => [t.innerText.trim(), t.nextElementSibling.innerText.trim()]))
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  return new Map(all)
}
const press = async (keys) => {
  for (const k of keys.split(' ')) await page.keyboard.press({ space: 'Space' }[k] ?? k)
}

await test('every key of the map that leads to a page leads there, and the palette names the same', async () => {
  const places = [...(await map())].filter(([key]) => /^g ./.test(key))
  is(places.length, await page.locator('.side nav a').count(), 'keys for pages')
  for (const [keys, name] of places) {
    await press(keys)
    await until(async () => (await title()) === (name === 'Keys' ? 'API keys' : name), `${keys} leads to ${name}`, LONG)
    await becomes(() => text(page.locator('.side nav a[aria-current=page] > span')), name, 'the place in the sidebar')
    await page.keyboard.press('Control+k')
    await dialog.getByRole('combobox').fill(name)
    await dialog.getByRole('option', { name: new RegExp(`^${name}\\s*${keys}$`) }).waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
})
const current = () => page.locator('tbody tr.current').getAttribute('aria-rowindex')
await test('keys of a list: next, previous, open, close, select', async () => {
  await opens('/alerts', 'tbody tr.can')
  const keys = await map()
  for (const [key, what] of [['j', 'Next row'], ['k', 'Previous row'], ['Enter', 'Open the row'], ['x', 'Select the row'], ['a', 'Acknowledge'], ['f', 'Resolve as fraud'], ['n', 'False alarm'], ['z', 'Snooze for an hour'], ['c', 'Make a case']]) is(keys.get(key), what, `the map at ${key}`)
  await press('j j j')
  await becomes(current, '3', 'the row after three times j')
  await press('k')
  await becomes(current, '2', 'the row after k')
  await press('Enter')
  await page.locator('.drawer .verdict').waitFor()
  await press('j')
  await becomes(current, '3', 'the row while one is open')
  await page.keyboard.press('Escape')
  await page.locator('.drawer').waitFor({ state: 'detached' })
  await press('x')
  await seen(page, '1 chosen')
  await press('x')
  await page.getByText('1 chosen').waitFor({ state: 'detached' })
})
await test('keys of alerts do to the alert what the map says', async () => {
  for (const [key, status] of [['a', 'reviewing'], ['n', 'false_positive'], ['f', 'resolved']]) {
    await opens('/alerts', 'tbody tr.can')
    const { id } = (await ask('GET', 'alerts?status=new&limit=1')).items[0]
    await page.getByLabel(`Select ${id}`, { exact: true }).check()
    await press(key)
    await until(async () => (await ask('GET', `alerts/${id}`)).status === status, `${key}: ${status}`, LONG)
  }
  await opens('/alerts', 'tbody tr.can')
  const free = (await ask('GET', 'alerts?status=new&limit=200')).items.find((a) => !a.case)
  if (!free) return
  await page.getByLabel(`Select ${free.id}`, { exact: true }).check()
  await press('c')
  await page.locator('.case-title').waitFor()
  holds((await ask('GET', `alerts/${free.id}`)).case, 'the alert is in a case')
})
await test('keys of cases: next, previous, mine, ask, escalate, the two verdicts', async () => {
  for (let i = 0; i < 3; i++) await ask('POST', 'cases', { title: `A case for keys ${i}`, priority: 'critical' })
  await opens('/cases', '.queue li')
  await page.locator('.case-title').waitFor()
  const keys = await map()
  for (const key of ['j', 'k', 't', 'm', 'q', 'e', 'f', 'n']) holds(keys.has(key), `the map has ${key}`)
  const at = () => page.locator('.queue li').evaluateAll((all) => all.findIndex((e) => e.classList.contains('current')))
  const first = await at()
  await press('j')
  await until(async () => (await at()) === first + 1, 'the next case')
  await press('k')
  await until(async () => (await at()) === first, 'the case before')
  const { id } = await ask('POST', 'cases', { title: 'All keys in turn', priority: 'low' })
  await opens(`/cases/${id}`, '.case-title:has-text("All keys in turn")')
  await press('m')
  await toast(page, 'It is yours')
  await page.getByRole('button', { name: 'With you' }).waitFor()
  for (const [key, name] of [['e', /^Escalate/], ['f', /^Resolve/], ['n', /^Resolve/]]) {
    await page.locator('main').focus()
    await press(key)
    await page.getByRole('dialog', { name }).waitFor()
    if (key !== 'e') await becomes(() => dialog.getByLabel('It was').inputValue(), key === 'f' ? 'confirmed_fraud' : 'false_positive', `the verdict of ${key}`)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
  await page.locator('main').focus()
  await press('q')
  await until(async () => (await ask('GET', `cases/${id}`)).status === 'pending_info', 'the customer is asked', LONG)
})
await test('while a dialog is open, the page under it hears no key', async () => {
  await opens('/cases', '.queue li')
  const url = page.url()
  await page.keyboard.press('Control+k')
  await dialog.waitFor()
  await dialog.getByRole('button', { name: 'Close' }).focus()
  await press('j')
  await press('g p')
  is(page.url(), url, 'the address')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
})
const payment = (await ask('GET', 'payments?limit=1&level=HIGH,CRITICAL')).items[0]
await test('the palette finds a payment, a customer and a case, by arrows and Enter', async () => {
  const a_case = (await ask('GET', 'cases?limit=1')).items[0]
  for (const [words, name, path] of [[payment.txn_id, `Payment ${payment.txn_id}`, '/payments'], [payment.user_id, `Customer ${payment.user_id}`, '/customers/'], [a_case.number, a_case.number, '/cases/']]) {
    await page.keyboard.press('Control+k')
    await dialog.getByRole('combobox').fill(words)
    const found = dialog.getByRole('option', { name })
    await found.first().waitFor()
    for (let i = 0; i < 14 && (await found.first().getAttribute('aria-selected')) !== 'true'; i++) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await until(() => page.url().includes(path), path)
    await dialog.waitFor({ state: 'detached' })
  }
  await page.keyboard.press('Control+k')
  await dialog.getByRole('combobox').fill('nothing is called so')
  await dialog.getByText('Nothing of that name').waitFor()
  await page.keyboard.press('Escape')
})

/** A deep link, and what shows that it is that very place. */
const a_case = (await ask('GET', 'cases?limit=1')).items[0]
const alert = (await ask('GET', 'alerts?limit=1')).items[0]
const LINKS = [
  ['/?period=7d', () => page.getByRole('button', { name: '7 d', pressed: true })],
  [`/payments?level=HIGH&sort=-amount&open=${encodeURIComponent(payment.txn_id)}`, () => page.locator('.drawer', { hasText: payment.user_id })],
  [`/alerts?status=all&open=${encodeURIComponent(alert.id)}`, () => page.locator('.drawer .verdict')],
  [`/cases/${a_case.id}?tab=all`, () => page.locator('.case-title', { hasText: a_case.title })],
  ['/cases?view=board&tab=all', () => page.locator('.board a').first()],
  [`/customers/${encodeURIComponent(payment.user_id)}`, () => page.locator('.top h1', { hasText: payment.user_id })],
  ['/customers?q=U0001', () => page.getByLabel('Find a customer')],
  ['/analytics?period=7d&by=country', () => page.getByRole('columnheader', { name: 'Country' })],
  ['/rules?rule=velocity_burst', () => page.locator('.drawer textarea').first()],
  ['/rules?tab=versions', () => page.getByRole('button', { name: 'Versions', pressed: true })],
  [`/what-if?like=${encodeURIComponent(payment.txn_id)}`, () => page.locator('form')],
  ['/audit?action=case.create&open=3', () => page.getByLabel('action', { exact: true })],
]
const place = () => { const u = new URL(page.url()); return u.pathname + u.search }
await test('a deep link opens its place, and so does a reload, back and forward', async () => {
  for (const [path, there] of LINKS) {
    await page.goto(path)
    await there().waitFor()
    is(place(), path, 'the address')
    await page.reload()
    await there().waitFor()
    is(place(), path, 'the address after a reload')
    await page.locator('.side nav a', { hasText: path.startsWith('/people') ? 'Keys' : 'People' }).click()
    await until(async () => (await title()) === 'People', 'elsewhere')
    await page.goBack()
    await there().waitFor()
    await becomes(place, path, 'the address after going back')
    await page.goForward()
    await until(async () => (await title()) === 'People', 'forward again')
  }
})
await test('what is opened beside a list is closed by going back, and opened again by going forward', async () => {
  await opens('/payments', 'tbody tr.can')
  await page.locator('tbody tr.can').nth(2).click()
  await page.locator('.drawer .verdict').waitFor()
  const with_it = place()
  await page.goBack()
  await page.locator('.drawer').waitFor({ state: 'detached' })
  await becomes(place, '/payments', 'the address')
  await page.goForward()
  await page.locator('.drawer .verdict').waitFor()
  await becomes(place, with_it, 'the address again')
})

await test('who comes back to a list finds it where it was left; who goes to it anew, at its beginning', async () => {
  await page.setViewportSize({ width: 1440, height: 900 })
  for (const list of ['/payments', '/customers']) {
    await page.locator(`.side nav a[href="${list}"]`).click()
    const box = page.locator('.table-box')
    await page.locator('tbody tr.can').first().waitFor()
    await until(() => box.evaluate((e) => (e.scrollTop = 2400) && e.scrollTop === 2400), 'scrolled', LONG)
    const row = () => box.evaluate((e) => { const top = e.getBoundingClientRect().top + 60; const r = [...e.querySelectorAll('tbody tr.can')].find((r) => r.getBoundingClientRect().top > top); return r && `${r.ariaRowIndex ?? r.getAttribute('aria-rowindex')} ${r.cells[0].innerText}` })
    const was = await until(row, 'a row')
    await page.locator('.side nav a[href="/what-if"]').click()
    await page.locator('form').first().waitFor()
    await page.goBack()
    await until(async () => (await row().catch(() => '')) === was, `${list}: the row that was left`, LONG)
    await becomes(() => box.evaluate((e) => e.scrollTop), 2400, 'how far it is scrolled')
    await page.locator('.side nav a[href="/what-if"]').click()
    await page.locator('form').first().waitFor()
    await page.locator(`.side nav a[href="${list}"]`).click()
    await page.locator('tbody tr.can').first().waitFor()
    await becomes(() => box.evaluate((e) => e.scrollTop), 0, 'at its beginning')
  }
})

await test('a list of people is read to its end by scrolling alone', async () => {
  await page.setViewportSize({ width: 1440, height: 900 })
  const PAGE = 50
  await page.route('**/api/v1/users?*', async (route) => {
    const asked = new URL(route.request().url())
    const from = Number(asked.searchParams.get('cursor') ?? 0)
    asked.searchParams.delete('cursor')
    const answer = await route.fetch({ url: asked.href })
    const json = await answer.json()
    json.items = Array.from({ length: PAGE }, (_, i) => ({ ...json.items[0], id: 1000 + from + i, email: `person${from + i}@example.com` }))
    json.next = from + PAGE < 3 * PAGE ? String(from + PAGE) : null
    await route.fulfill({ response: answer, json })
  })
  await opens('/people', 'tbody tr.can')
  const people = page.getByRole('region', { name: 'People' }).locator('tbody tr')
  await until(async () => {
    await people.last().scrollIntoViewIfNeeded().catch(() => {})
    return (await people.count()) === 3 * PAGE
  }, 'all people', LONG)
  await page.unroute('**/api/v1/users?*')
})

/** In the page: scrolls a list to its end, step by step, and tells what it saw in each row. */
async function read_all(rows) {
  const box = document.querySelector('.table-box')
  const seen = new Map()
  const faults = []
  let most = 0
  let still = 0
  while (seen.size < rows && still < 600) {
    const before = seen.size
    const shown = box.querySelectorAll('tbody tr.can')
    most = Math.max(most, shown.length)
    for (const row of shown) {
      const at = Number(row.ariaRowIndex ?? row.getAttribute('aria-rowindex'))
      const id = row.querySelector('.id').title || row.querySelector('.id').innerText
      if (seen.has(at) && seen.get(at).id !== id) faults.push(`row ${at} was ${seen.get(at).id} and is ${id}`)
      else if (!seen.has(at)) seen.set(at, { id, time: Date.parse(row.querySelector('time').dateTime) })
    }
    still = seen.size > before ? 0 : still + 1
    box.scrollTop += box.clientHeight - 64
    await new Promise((go) => setTimeout(go, still ? 20 : 0))
    await new Promise((go) => requestAnimationFrame(go))
  }
  const all = [...seen].sort(([a], [b]) => a - b)
  all.forEach(([at, { time }], i) => {
    if (at !== i + 1) faults.push(`row ${i + 1} was not seen`)
    if (i && all[i - 1][1].time < time) faults.push(`row ${at} is newer than the one before`)
  })
  return { n: all.length, different: new Set(all.map(([, { id }]) => id)).size, most, faults: faults.slice(0, 5), nodes: document.querySelectorAll('*').length }
}
await test(`a list of ${ROWS} payments is scrolled through: each row once, in order, and few of them in the page`, async () => {
  await page.setViewportSize({ width: 1440, height: 2400 })
  await opens('/payments', 'tbody tr.can')
  const { total } = await ask('GET', 'payments/stats')
  const got = await page.evaluate(read_all, total)
  console.log(`# ${got.n} rows, at most ${got.most} in the page, ${got.nodes} elements at the end`)
  is(got.faults.join('; '), '', 'faults')
  is(got.n, total, 'rows')
  is(got.different, total, 'different payments')
  holds(got.most < 120 && got.nodes < 4000, `${got.most} rows in the page, ${got.nodes} elements`)
})
await done(browser, server)
