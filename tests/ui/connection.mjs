// What happens to a page when the server, the network or the session goes away, and that it goes on by itself.
import { becomes, done, go, holds, is, launch, person, signIn, text, toast, until } from './lib/browser.mjs'
import { api, serve } from './lib/server.mjs'

const browser = await launch()
const server = await serve({ payments: 1500, rate: 0 })
const WHO = { email: 'ann@example.com', password: 'correct horse battery' }
let ask = api(server.url, (await api(server.url)('POST', 'auth/setup', { token: server.token, name: 'Ann', ...WHO })).access_token)
const { page, context, test, expect } = await person(browser, server.url)
context.setDefaultTimeout(30000)
const LONG = 40000
const pill = () => text(page.locator('.pill'))
const live = () => until(async () => /^live/.test(await pill()), 'the pill says live', LONG)
const stale = () => until(async () => /^stale since \d/.test(await pill()), 'the pill says since when it is stale', LONG)
const grey = () => page.locator('main .card').first().evaluate((e) => getComputedStyle(e).filter)

// `n` payments that the feed shows, each known by its amount.
let made = 0
const pay = async (n, prefix) => {
  for (let shown = 0; shown < n; made++) {
    const { decision } = await ask('POST', 'payments', { txn_id: `${prefix}-${made}`, user_id: `wanda-${prefix}`, amount: 9000 + made, currency: 'EUR', country: 'LV', category: 'electronics', channel: 'online', timestamp: new Date().toISOString() })
    if (decision.level !== 'NONE') shown++
  }
}
/** The feed's lines as customer and amount: both are as made above. */
const fed = (prefix) => page.locator('.feed li', { hasText: `wanda-${prefix}` }).locator('b.number').allInnerTexts()
const each = async (prefix, n) => {
  let all = []
  await until(async () => (all = await fed(prefix)).length >= n, `${n} payments ${prefix} in the feed`, LONG).catch((fault) => { throw new Error(`${fault.message}; there are ${all}`) })
  is(new Set(all).size, all.length, `payments ${prefix}, each once: ${all}`)
  is(all.length, n, `payments ${prefix}`)
  is(all.join(), [...all].sort().reverse().join(), `payments ${prefix}, newest first`)
}

await page.goto('/')
await signIn(page, WHO.email, WHO.password)
await test('what is told at once is shown at once, and the pill says live', async () => {
  await live()
  await page.locator('.feed li').first().waitFor()
  await pay(4, 'first')
  await each('first', 4)
  await becomes(grey, 'none', 'the colours of a page that is live')
})
await test('offline: the page says so and greys what is old, and what came meanwhile is told once the network is back', async () => {
  await context.setOffline(true)
  await stale()
  await until(async () => (await grey()) === 'grayscale(1)', 'old figures lose their colours')
  await pay(7, 'meanwhile')
  is((await fed('meanwhile')).length, 0, 'nothing of it comes through')
  await context.setOffline(false)
  await live()
  await each('meanwhile', 7)
  await each('first', 4)
  await becomes(grey, 'none', 'the colours are back')
})
await test('offline: a page that is opened says what is wrong, and shows itself once the network is back', async () => {
  await go(page, '/customers')
  await page.locator('tbody tr.can').first().waitFor()
  await context.setOffline(true)
  await stale()
  await go(page, '/rules')
  await page.getByRole('alert').getByText('The server cannot be reached').first().waitFor()
  await context.setOffline(false)
  await page.locator('tbody tr').first().waitFor()
  await becomes(() => page.getByRole('alert').count(), 0, 'faults that are left')
  await go(page, '/')
  await live()
})
await test('the server is killed and started again: stale until then, and no payment is missing or shown twice', async () => {
  expect(/^401 /)
  await pay(3, 'before')
  await each('before', 3)
  await server.kill()
  await stale()
  await server.start()
  ask = api(server.url, (await api(server.url)('POST', 'auth/login', WHO)).access_token)
  await pay(5, 'between')
  await live()
  await pay(2, 'after')
  for (const [prefix, n] of [['first', 4], ['meanwhile', 7], ['before', 3], ['between', 5], ['after', 2]]) await each(prefix, n)
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
})
await test('what was held while the server was away is there when the feed goes on', async () => {
  await page.locator('main').focus()
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'go on' }).waitFor()
  await context.setOffline(true)
  await stale()
  await pay(3, 'held')
  await context.setOffline(false)
  await live()
  is((await fed('held')).length, 0, 'lines while it is held')
  await page.keyboard.press('Space')
  await each('held', 3)
})
// Cases: what is read of them, while many things are told.
const reads = { list: 0, one: 0 }
page.on('request', (r) => {
  const { pathname } = new URL(r.url())
  if (r.method() === 'GET' && pathname === '/api/v1/cases') reads.list++
  if (r.method() === 'GET' && /^\/api\/v1\/cases\/\d+$/.test(pathname)) reads.one++
})
const line = (words) => page.locator('.queue li', { hasText: words })
await test('much happens to the case that is open: it is read now and then, and in the end it is as it is', async () => {
  const { id } = await ask('POST', 'cases', { title: 'In the middle of it', priority: 'critical' })
  await go(page, `/cases/${id}`)
  await page.locator('.case-title', { hasText: 'In the middle of it' }).waitFor()
  await line('In the middle of it').waitFor()
  reads.one = reads.list = 0
  for (let i = 0; i < 60; i += 6) await Promise.all([0, 1, 2, 3, 4, 5].map((k) => ask('POST', `cases/${id}/comments`, { content: `Note ${i + k}.` })))
  await ask('POST', `cases/${id}/comments`, { content: 'The last word' })
  await page.locator('.comment', { hasText: 'The last word' }).waitFor()
  is(await page.locator('.comment').count(), 61, 'notes')
  holds(reads.one > 0 && reads.one <= 30 && reads.list <= 20, `of 61 changes: ${reads.one} readings of the case, ${reads.list} of the list`)
})
await test('what is told of a case is in its line, whether or not the list can be read', async () => {
  const { id } = await ask('POST', 'cases', { title: 'Known by this', priority: 'critical' })
  await line('Known by this').waitFor()
  let held = []
  await page.route('**/api/v1/cases?*', (route) => held.push(route))
  await ask('PATCH', `cases/${id}`, { title: 'Known by that' })
  await line('Known by that').waitFor()
  await page.unroute('**/api/v1/cases?*')
  for (const route of held) await route.continue()
  await ask('POST', `cases/${id}/resolve`, { resolution: 'inconclusive' })
  await line('Known by that').waitFor({ state: 'detached' })
})

/** Ends the session as its time does: neither what is sent with each call nor what renews it is good any more. */
const end_session = async () => {
  const { access_token } = await api(server.url)('POST', 'auth/login', WHO)
  const all = api(server.url, access_token)
  for (const s of (await all('GET', 'auth/sessions')).items) if (!s.current) await all('DELETE', `auth/sessions/${s.id}`)
  ask = all
}
const again = page.getByRole('dialog', { name: 'Your session has ended' })
const back = async (password = WHO.password) => {
  await again.getByLabel('Password').fill(password)
  await again.getByRole('button', { name: 'Sign in', exact: true }).click()
}
await test('a session that ends while somebody writes: what was typed stays, and is sent after signing in again', async () => {
  expect(/^401 /)
  const { id } = await ask('POST', 'cases', { title: 'Somebody writes', priority: 'low' })
  await go(page, `/cases/${id}?tab=all`)
  const note = page.getByLabel('Add a note')
  await note.fill('She was at home, and knows')
  await end_session()
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await again.waitFor()
  is(await note.inputValue(), 'She was at home, and knows', 'what was typed')
  await page.keyboard.press('Escape')
  await again.waitFor()
  await back('not this one')
  await again.getByRole('alert').getByText('wrong').waitFor()
  await back()
  await again.waitFor({ state: 'detached' })
  await page.locator('.comment', { hasText: 'She was at home, and knows' }).waitFor()
  is(new URL(page.url()).pathname + new URL(page.url()).search, `/cases/${id}?tab=all`, 'the place')
  is((await ask('GET', `cases/${id}/timeline`)).items.filter((i) => i.kind === 'comment').length, 1, 'notes')
  await live()
})
await test('a session that ends while a form is filled: the form is still there', async () => {
  expect(/^401 /)
  await go(page, '/settings')
  await page.locator('#setting-sla\\.high_h').fill('11')
  await end_session()
  await page.getByRole('button', { name: 'Save one change' }).click()
  await back()
  await toast(page, 'Saved, and in force')
  is((await ask('GET', 'settings')).items.find((s) => s.key === 'sla.high_h').value, 11, 'the setting')
})
await test('somebody else may sign in instead, and finds nothing of what was there', async () => {
  expect(/^401 /)
  await end_session()
  await page.reload().catch(() => {})
  await page.getByLabel('Email').waitFor()
  await signIn(page, WHO.email, WHO.password)
  is(new URL(page.url()).pathname, '/settings', 'the place after a reload and signing in')
  await page.locator('.setting').first().waitFor()
  await end_session()
  await page.locator('#setting-sla\\.low_h').fill('99')
  await page.getByRole('button', { name: 'Save one change' }).click()
  await again.getByRole('button', { name: 'I am somebody else' }).click()
  await page.getByLabel('Email').waitFor()
  await becomes(() => page.locator('.setting').count(), 0, 'settings that are left')
  is((await ask('GET', 'settings')).items.find((s) => s.key === 'sla.low_h').value, 72, 'the setting')
})
await done(browser, server)
