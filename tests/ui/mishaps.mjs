// What people do without meaning to, and what they are sent by others: double clicks, keys held down, two at the same
// thing, text that was not sent yet, wrong clocks, addresses that were cut, a browser that keeps nothing, hostile words.
import { accessible, becomes, done, fits, go, holds, is, launch, person, seen, signIn, text, toast, until } from './lib/browser.mjs'
import { api, serve } from './lib/server.mjs'

const browser = await launch()
const server = await serve({ payments: 3000, rate: 0 })
const WHO = { email: 'ann@example.com', password: 'correct horse battery' }
const ask = api(server.url, (await api(server.url)('POST', 'auth/setup', { token: server.token, name: 'Ann', ...WHO })).access_token)
const { page, context, test, expect } = await person(browser, server.url)
context.setDefaultTimeout(30000)
const LONG = 40000
await page.goto('/')
await signIn(page, WHO.email, WHO.password)
const opens = async (path, there, p = page) => {
  await go(p, path)
  await p.locator(there).first().waitFor()
  await until(() => p.evaluate(() => !document.querySelector('.skeleton')), 'all is loaded', LONG)
}
const button = (name, p = page) => p.getByRole('button', { name, exact: true })
const comments = async (id) => (await ask('GET', `cases/${id}/timeline`)).items.filter((i) => i.kind === 'comment').map((i) => i.content)
const mine = async () => (await ask('GET', 'cases/counts')).mine
const focus = () => page.evaluate(() => document.activeElement?.closest('.drawer, .dialog, tr, main, .side')?.className ?? 'nothing')

await test('a double click does once what it does', async () => {
  await opens('/cases', '.case-title')
  const before = await mine()
  await page.getByRole('button', { name: /^Take next/ }).dblclick()
  await until(async () => (await mine()) > before, 'a case of mine')
  // It is opened, too.
  await button('With you').waitFor()
  const { id } = await ask('POST', 'cases', { title: 'Twice', priority: 'low' })
  await opens(`/cases/${id}?tab=all`, '.case-title:has-text("Twice")')
  await page.getByLabel('Add a note').fill('once')
  await button('Add').dblclick()
  await page.locator('.comment', { hasText: 'once' }).waitFor()
  await opens('/people', 'tbody tr')
  await button('Invite').dblclick()
  await page.getByRole('dialog', { name: 'Invitation' }).waitFor()
  await page.keyboard.press('Escape')
  // Where the server takes its time, the second comes before the first is answered.
  await opens('/alerts', 'tbody tr.can')
  const cases = (await ask('GET', 'cases/counts')).all
  const free = (await ask('GET', 'alerts?status=new&limit=200')).items.find((a) => !a.case)
  if (free) {
    await page.getByLabel(`Select ${free.id}`, { exact: true }).check()
    await page.keyboard.press('c')
    await page.keyboard.press('c')
    await page.locator('.case-title').waitFor()
    is((await ask('GET', 'cases/counts')).all, cases + 1, 'cases')
  }
  is((await comments(id)).join(), 'once', 'notes')
  is(await mine(), before + 1, 'cases of mine')
  is((await ask('GET', 'invites')).items.length, 1, 'invitations')
})
await test('a double click does nothing to what comes to lie under the pointer', async () => {
  const { id } = await ask('POST', 'cases', { title: 'What lies below', priority: 'low' })
  await opens(`/cases/${id}?tab=all`, '.case-title:has-text("What lies below")')
  const status = async () => (await ask('GET', `cases/${id}`)).status
  await button('Investigate').dblclick()
  await toast(page, 'Investigating')
  is(await status(), 'investigating', 'the case')
})
await test('a key held down does once what it does', async () => {
  await opens('/cases', '.case-title')
  await page.locator('main').focus()
  const before = await mine()
  const hold = (repeats) => page.evaluate((all) => all.forEach((repeat) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 't', code: 'KeyT', bubbles: true, repeat }))), repeats)
  await hold([false, true, true])
  await until(async () => (await mine()) > before, 'a case of mine')
  await hold([true, true])
  await page.getByRole('button', { name: 'With you' }).waitFor()
  is(await mine(), before + 1, 'cases of mine')
})
await test('what is chosen is what is in sight: another state of the list begins anew', async () => {
  await opens('/alerts', 'tbody tr.can')
  await page.locator('tbody input').first().check()
  await seen(page, '1 chosen')
  await button('False alarms').click()
  await page.getByText('1 chosen').waitFor({ state: 'detached' })
  await opens('/cases', '.queue li')
  await page.locator('.queue input').first().check()
  await seen(page, '1 selected')
  await page.getByLabel('Which cases').selectOption('all')
  await page.getByText('1 selected').waitFor({ state: 'detached' })
})
await test('what was typed and not sent is there again: after Escape, after another case, after another page', async () => {
  const [a, b] = await Promise.all([1, 2].map((n) => ask('POST', 'cases', { title: `Half written ${n}`, priority: 'low' })))
  const note = page.getByLabel('Add a note')
  await opens(`/cases/${a.id}?tab=all`, '.case-title:has-text("Half written 1")')
  await note.fill('She was at home')
  await opens(`/cases/${b.id}?tab=all`, '.case-title:has-text("Half written 2")')
  await until(async () => (await note.inputValue()) === '', 'an empty box')
  await go(page, '/lists')
  await opens(`/cases/${a.id}?tab=all`, '.case-title:has-text("Half written 1")')
  await becomes(() => note.inputValue(), 'She was at home', 'the note')
  await note.press('Enter')
  await page.locator('.comment', { hasText: 'She was at home' }).waitFor()
  await becomes(() => note.inputValue(), '', 'the box once it is sent')
  await page.getByRole('button', { name: /^Confirm fraud/ }).click()
  await page.getByRole('dialog').getByLabel('Notes').fill('All of it')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: /^Not fraud/ }).click()
  await becomes(() => page.getByRole('dialog').getByLabel('Notes').inputValue(), 'All of it', 'the notes of a verdict')
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve', exact: true }).click()
  await toast(page, 'false positive')
  is((await ask('GET', `cases/${a.id}`)).resolution_notes, 'All of it', 'what was sent')
  await until(async () => (await focus()) !== 'nothing', 'the focus is somewhere')
})

const rule = async (id = 'velocity_burst') => (await ask('GET', `rules/${id}`)).text
const editor = page.locator('.drawer')
await test('two people at one rule: the second is told, keeps their text, sees the other, and decides', async () => {
  await opens('/rules?rule=velocity_burst', '.drawer textarea')
  const first = await rule()
  const box = editor.getByLabel('Rule', { exact: true })
  const ours = first.replace(/^reason.*$/m, 'reason = "ours"')
  const theirs = first.replace(/^reason.*$/m, 'reason = "theirs"')
  await box.fill(ours)
  await ask('PUT', 'rules/velocity_burst', { text: theirs })
  await button('Put in force').click()
  await editor.getByRole('alert').getByText('Somebody else has changed this').waitFor()
  is((await rule()).trim(), theirs.trim(), 'the rule')
  is(await box.inputValue(), ours, 'what was typed')
  holds((await editor.getByLabel('Theirs').inputValue()).includes('"theirs"'), 'theirs is shown')
  await button('Put in force').click()
  await toast(page, 'in force')
  is((await rule()).trim(), ours.trim(), 'the rule')
  await ask('PUT', 'rules/velocity_burst', { text: first })
})
await test('two people at the whole file: nothing of the other is written over unseen', async () => {
  await opens('/rules', 'tbody tr')
  await button('Whole file').click()
  const box = editor.getByLabel('Rules', { exact: true })
  await box.waitFor()
  await box.fill(`${await box.inputValue()}\n# a word more\n`)
  const other = (await rule('velocity_burst')).replace(/^reason.*$/m, 'reason = "another"')
  await ask('PUT', 'rules/velocity_burst', { text: other })
  await button('Save as a version').click()
  await editor.getByRole('alert').getByText('Somebody else has changed this').waitFor()
  holds((await editor.getByLabel('Theirs').inputValue()).includes('"another"'), 'theirs is shown')
  await page.keyboard.press('Escape')
  await button('Whole file').click()
  await until(async () => (await box.inputValue()).includes('# a word more'), 'what was typed is there again')
  await button('Back to what is in force').click()
  await until(async () => (await box.inputValue()).includes('"another"'), 'the file by now')
  await page.keyboard.press('Escape')
})
await test('a rule that is opened is closed by going back, and is there after a reload', async () => {
  await opens('/rules', 'tbody tr')
  await button('velocity_burst').click()
  await editor.waitFor()
  await page.goBack()
  await editor.waitFor({ state: 'detached' })
  await page.goForward()
  await editor.waitFor()
  await page.reload()
  await editor.getByLabel('Rule', { exact: true }).waitFor()
})
await test('two people at one case: the second is told, and sees it as it is', async () => {
  expect(/^412 POST/)
  const { id, version } = await ask('POST', 'cases', { title: 'Both at once', priority: 'low' })
  await opens(`/cases/${id}?tab=all`, '.case-title')
  await page.getByRole('button', { name: /^Not fraud/ }).click()
  // While the dialog is open; what is told of it comes to the page below, whose version the answer is about.
  await page.route('**/resolve', async (route) => {
    await ask('PATCH', `cases/${id}`, { priority: 'high' })
    await route.continue({ headers: { ...route.request().headers(), 'if-match': `"${version}"` } })
  })
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve', exact: true }).click()
  await page.getByRole('dialog').getByRole('alert').waitFor()
  await page.unroute('**/resolve')
  await page.keyboard.press('Escape')
  await page.locator('.case-main .tag', { hasText: 'Open' }).or(page.locator('.case-main', { hasText: 'High' })).first().waitFor()
})

await test('an address that was cut, or holds what nobody meant, leaves a page to go on from', async () => {
  expect(/^(404|422) GET/)
  for (const path of ['/customers/%E0%A4%A', '/customers/%', '/lists/%', '/cases/abc', '/nowhere/else', '/alerts?status=banana', '/payments?sort=banana&since=yesterday']) {
    await page.goto(path)
    await page.getByRole('navigation', { name: 'Pages' }).waitFor()
    await page.locator('main').getByText(/No customer|No list|No case|no page of this name|wrong/).first().waitFor()
  }
  await seen(page, /since .*time|Since/)
  await page.goto('/sign-in')
  await until(async () => (await text(page.locator('.top h1'))) === 'Overview', 'who is signed in goes on')
})
await test('a customer whose name is an email address, or holds a slash, is found again after a reload', async () => {
  for (const user_id of ['ann@shop.example', 'a/b?c#d%e f', 'https://evil.example/<b>']) {
    await ask('POST', 'payments', { txn_id: `named-${user_id.length}`, user_id, amount: 12, currency: 'EUR', country: 'DE', timestamp: new Date().toISOString() })
    await page.goto(`/customers/${encodeURIComponent(user_id)}`)
    await page.locator('.top h1', { hasText: user_id }).waitFor()
    await page.locator('.strip .figure').first().waitFor()
  }
})
await test('what cannot be shown says so, and the rest of the page stays', async () => {
  await page.route('**/api/v1/lists', (route) => route.fulfill({ json: { items: [{ name: 'x', kind: 5, description: {}, entries: 'many', updated_at: 'no time' }], next: null } }))
  const { page: other, context: apart } = await person(browser, server.url)
  await other.route('**/api/v1/lists', (route) => route.fulfill({ json: { items: [{ name: 'x', kind: 'exact', description: '', entries: 1, updated_at: 'no time' }], next: null } }))
  await other.goto('/')
  await signIn(other, WHO.email, WHO.password)
  await go(other, '/lists')
  await other.getByRole('alert').getByText('something that cannot be shown').waitFor()
  await go(other, '/people')
  await other.locator('tbody tr').first().waitFor()
  await apart.close()
  await page.unroute('**/api/v1/lists')
})

for (const [how, spoil] of [
  ['keeps nothing', () => Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError') } })],
  ['has no room left', () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') } }],
]) {
  const one = await person(browser, server.url)
  one.context.setDefaultTimeout(30000)
  await one.context.addInitScript(spoil)
  await one.test(`a browser that ${how}: signing in, lists, columns and themes work for as long as the page lives`, async () => {
    const { page } = one
    await page.goto(`/#token=x`)
    await signIn(page, WHO.email, WHO.password)
    is(new URL(page.url()).hash, '', 'what is left in the address')
    for (const path of ['/payments', '/alerts']) await opens(path, 'tbody tr.can', page)
    await button('Columns', page).click()
    await page.getByRole('checkbox', { name: 'Case' }).uncheck()
    await page.getByRole('columnheader', { name: 'Case' }).waitFor({ state: 'detached' })
    await opens('/me', 'main .card', page)
    await button('Dark', page).click()
    await until(() => page.evaluate(() => document.documentElement.dataset.theme === 'dark'), 'dark')
    await page.reload()
    await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  })
  await one.context.close()
}
for (const [which, off] of [['ahead', 1], ['behind', -1]]) {
  const one = await person(browser, server.url)
  await one.context.addInitScript((days) => {
    const { now } = Date
    Date.now = () => now() + days * 86400e3
  }, off)
  await one.test(`a browser whose clock is a day ${which}: ages and deadlines are those of the server`, async () => {
    const { id } = await ask('POST', 'cases', { title: `A day ${which}`, priority: 'critical' })
    await one.page.goto('/')
    await signIn(one.page, WHO.email, WHO.password)
    await opens(`/cases/${id}?tab=all`, '.case-title', one.page)
    const said = await text(one.page.locator('.case-main'))
    holds(/opened \d+ (s|min) ago · 1:\d\d h left/.test(said), said.slice(0, 160))
  })
  await one.context.close()
}
const west = await browser.newContext({ baseURL: server.url, timezoneId: 'America/Los_Angeles', locale: 'en-US' })
const there = await west.newPage()
await test('a day that is chosen is that day where its person is', async () => {
  await ask('POST', 'lists', { name: 'days', kind: 'exact', description: '' })
  await there.goto('/')
  await signIn(there, WHO.email, WHO.password)
  await opens('/lists/days', 'form', there)
  await there.getByLabel('Value', { exact: true }).fill('D1')
  await there.getByLabel('Until').fill('2031-03-09')
  await button('Add', there).click()
  await there.locator('tbody td', { hasText: 'Mar 9, 2031' }).waitFor()
  is((await ask('GET', 'lists/days/entries')).items[0].until.slice(0, 19), '2031-03-10T06:59:59', 'the last moment of the day')
})
await west.close()

const EVIL = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', '\u202Edesrever', '=HYPERLINK("http://x","y")', '\u001b[31mred', 'javascript:alert(1)', 'w'.repeat(900)]
await test('hostile words are words: nothing runs, nothing is loaded, nothing bursts the page', async () => {
  const loaded = []
  page.on('request', (r) => !r.url().startsWith(server.url) && loaded.push(r.url()))
  await page.evaluate(() => { globalThis.alert = () => { throw new Error('it ran') } })
  const { id } = await ask('POST', 'cases', { title: EVIL.slice(0, 3).join(' '), priority: 'low' })
  for (const [i, words] of EVIL.entries()) {
    await ask('POST', `cases/${id}/comments`, { content: words })
    const short = words.slice(0, 60)
    await ask('POST', 'payments', { txn_id: `evil-${i} ${short}`, user_id: `U${short}`, merchant_id: short, category: short, location: short, device_id: short, amount: 99000 + i, currency: 'EUR', country: 'LV', timestamp: new Date().toISOString() })
    if (!words.includes('\u001b')) await ask('POST', 'lists/days/entries', { value: short, reason: words.slice(0, 200) })
  }
  await opens(`/cases/${id}?tab=all`, '.comment')
  for (const words of EVIL) await page.locator('.comment', { hasText: words.replace('\u001b', '') }).first().waitFor()
  await until(() => page.evaluate(() => [...document.querySelectorAll('.comment span')].every((e) => e.scrollWidth <= e.closest('section').clientWidth + 1)), 'a long word stays in its column')
  await fits(page)
  for (const [i, words] of EVIL.entries()) {
    await opens(`/payments?open=${encodeURIComponent(`evil-${i} ${words.slice(0, 60)}`)}`, '.drawer .verdict')
    await fits(page)
  }
  await opens('/lists/days', 'tbody tr')
  await fits(page)
  is(await page.locator('main img, main script').count(), 0, 'elements made of words')
  is(loaded.join(), '', 'what was loaded from elsewhere')
  const csv = await page.evaluate(() => fetch('/api/v1/export?kind=payments&format=csv').then((r) => r.text()))
  holds(!/(^|[,\n])"?=HYPERLINK/.test(csv), 'a cell that a spreadsheet would take for a formula')
  const list = await page.evaluate(() => fetch('/api/v1/lists/days/export?format=csv').then((r) => r.text()))
  holds(list.includes('HYPERLINK'), 'the list is exported')
})
await test('a note that is too long, or of many lines, is refused in words and kept', async () => {
  expect(/^4(13|22) POST/)
  const { id } = await ask('POST', 'cases', { title: 'Too long', priority: 'low' })
  await opens(`/cases/${id}?tab=all`, '.case-title')
  const note = page.getByLabel('Add a note')
  for (const n of [20000, 1 << 20]) {
    await note.fill('n'.repeat(n))
    await button('Add').click()
    await page.locator('.toast').last().getByText(/wrong|may have/).waitFor()
    is((await note.inputValue()).length, n, 'what was typed')
  }
  await note.fill('')
  await accessible(page)
})
await done(browser, server)
