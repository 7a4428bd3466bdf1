// The states that a day brings: what is put off and comes back, what the server refuses, what somebody does in another
// tab, answers that are slow or fail, and pages where nothing is yet.
import { accessible, becomes, done, go, holds, is, launch, person, seen, signIn, text, toast, until } from './lib/browser.mjs'
import { api, serve } from './lib/server.mjs'

const browser = await launch()
const [server, bare] = await Promise.all([serve({ payments: 3000, rate: 0 }), serve({ payments: 0, rate: 0 })])
const WHO = { email: 'ann@example.com', password: 'correct horse battery' }
const setup = async (s) => api(s.url, (await api(s.url)('POST', 'auth/setup', { token: s.token, name: 'Ann', ...WHO })).access_token)
const ask = await setup(server)
await setup(bare)
const { page, context, test, expect } = await person(browser, server.url)
context.setDefaultTimeout(30000)
await page.goto('/')
await signIn(page, WHO.email, WHO.password)
const LONG = 40000
const rows = (p = page) => p.locator('tbody tr.can')
const opens = async (path, there = 'tbody tr.can', p = page) => {
  await go(p, path)
  await p.locator(there).first().waitFor()
  await until(() => p.evaluate(() => !document.querySelector('.skeleton')), 'all is loaded', LONG)
}
const row_of = (id, p = page) => rows(p).filter({ has: p.getByLabel(`Select ${id}`, { exact: true }) })
const newest = async () => (await ask('GET', 'alerts?status=new&limit=5')).items
const API = '**/api/v1/alerts/bulk'

await test('an alert that is put off goes, can be seen among what is, and comes back when it is due', async () => {
  await opens('/alerts')
  const [{ id }] = await newest()
  let until_then = 0
  await page.route(API, (route) => route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), for: '6s' }) }))
  await page.getByLabel(`Select ${id}`, { exact: true }).check()
  await page.keyboard.press('z')
  await row_of(id).waitFor({ state: 'detached' })
  await toast(page, 'Done')
  until_then = Date.parse((await ask('GET', `alerts/${id}`)).snoozed_until)
  await page.unroute(API)
  await row_of(id).waitFor({ timeout: LONG })
  holds(Date.now() >= until_then, 'it did not come before its time')
})
await test('what is put off is woken again, and putting off can be undone', async () => {
  await opens('/alerts')
  const [{ id }] = await newest()
  await page.getByLabel(`Select ${id}`, { exact: true }).check()
  await page.keyboard.press('z')
  await row_of(id).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Snoozed' }).click()
  await row_of(id).getByText(/until/).waitFor()
  await page.getByLabel(`Select ${id}`, { exact: true }).check()
  await page.getByRole('button', { name: /^Wake/ }).click()
  await row_of(id).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'New', exact: true }).click()
  await page.getByLabel(`Select ${id}`, { exact: true }).check()
  await page.keyboard.press('z')
  await row_of(id).waitFor({ state: 'detached' })
  await page.locator('.toast').last().getByRole('button', { name: 'Undo' }).click()
  await row_of(id).waitFor()
  is((await ask('GET', `alerts/${id}`)).snoozed_until, null, 'its time')
})
await test('what is done at once is undone where the server refuses, and says why', async () => {
  expect(/^503 POST/)
  await opens('/alerts')
  const all = () => rows().locator('input').evaluateAll((boxes) => boxes.map((b) => b.ariaLabel))
  const before = await all()
  let answer
  await page.route(API, (route) => new Promise((go) => { answer = go }).then(() => route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"title":"busy","status":503,"detail":"the store is being cleaned"}' })))
  const [{ id }] = await newest()
  await page.getByLabel(`Select ${id}`, { exact: true }).check()
  await page.keyboard.press('f')
  await row_of(id).waitFor({ state: 'detached' })
  await until(() => answer, 'the server is asked')
  answer()
  await toast(page, 'Not done: the store is being cleaned')
  await row_of(id).waitFor()
  is((await all()).join(), before.join(), 'the list, and its order')
  await page.unroute(API)
  is((await ask('GET', `alerts/${id}`)).status, 'new', 'the alert')
})
await test('of several, those that are refused come back', async () => {
  await opens('/alerts')
  const [one, two] = await newest()
  await page.route(API, async (route) => {
    // Somebody else was faster.
    await ask('PATCH', `alerts/${two.id}`, { status: 'resolved' })
    await route.continue()
  })
  for (const a of [one, two]) await page.getByLabel(`Select ${a.id}`, { exact: true }).check()
  await page.keyboard.press('n')
  await toast(page, '1 done, 1 refused')
  await page.unroute(API)
  await row_of(one.id).waitFor({ state: 'detached' })
  // Its new state is told, and it leaves after all.
  await row_of(two.id).waitFor({ state: 'detached' })
})

const second = await context.newPage()
await second.goto('/alerts')
await test('two tabs: an alert that is acknowledged in one leaves the other', async () => {
  await opens('/alerts')
  await opens('/alerts', 'tbody tr.can', second)
  const [{ id }] = await newest()
  await row_of(id, second).waitFor()
  await page.getByLabel(`Select ${id}`, { exact: true }).check()
  await page.keyboard.press('a')
  await row_of(id, second).waitFor({ state: 'detached', timeout: LONG })
})
await test('two tabs: a case that is taken and a note in one are seen in the other', async () => {
  const { id } = await ask('POST', 'cases', { title: 'Seen from two sides', priority: 'low' })
  await opens(`/cases/${id}`, '.case-title')
  await opens(`/cases/${id}`, '.case-title', second)
  await page.locator('main').focus()
  await page.keyboard.press('m')
  await toast(page, 'It is yours')
  await second.getByRole('button', { name: 'With you' }).waitFor({ timeout: LONG })
  await page.getByLabel('Add a note').fill('Looked at from the left')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await second.locator('.comment', { hasText: 'Looked at from the left' }).waitFor({ timeout: LONG })
})
await test('two tabs: the theme is that of both, and who signs out in one is signed out in the other', async () => {
  await opens('/me', 'tbody tr')
  await page.getByRole('button', { name: 'Dark', exact: true }).click()
  await until(() => second.evaluate(() => document.documentElement.dataset.theme === 'dark'), 'dark in the other')
  await page.getByRole('button', { name: 'Light', exact: true }).click()
  await page.getByTitle('You', { exact: true }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Email').waitFor()
  await second.getByLabel('Email').waitFor()
  await second.close()
})

const REFUSED = {
  begin_again: 'begun elsewhere, or too long ago', denied: 'did not let you in', away: 'cannot be reached just now', no_email: 'names no email address',
  other_account: 'signs in with a password', no_account: 'no account for you here', no_role: 'makes you a user here', closed: 'is closed', something_new: 'ended without letting you in',
}
await test('a refused sign-in with an account elsewhere is told in words, and is past after signing in', async () => {
  for (const [why, words] of Object.entries(REFUSED)) {
    await page.goto(`/?refused=${why}`)
    await page.getByRole('alert').getByText(words).waitFor()
  }
  await accessible(page)
  await signIn(page, WHO.email, WHO.password)
  is(new URL(page.url()).search, '', 'what is left in the address')
})

const { txn_id, user_id } = (await ask('GET', 'payments?limit=1&level=HIGH,CRITICAL')).items[0]
const a_case = (await ask('GET', 'cases?limit=1')).items[0]
const PAGES = [
  ['/', '.strip .figure'], ['/payments', 'tbody tr.can'], [`/payments?open=${encodeURIComponent(txn_id)}`, '.drawer .verdict'], ['/alerts', 'tbody tr.can'], [`/cases/${a_case.id}`, '.case-title'],
  ['/customers', 'tbody tr.can'], [`/customers/${encodeURIComponent(user_id)}`, '.strip .figure'], ['/analytics', '.figure-box canvas'], ['/rules', 'tbody tr'], ['/rules?tab=versions', 'main .card'],
  ['/lists', 'table'], ['/people', 'tbody tr.can'], ['/keys', 'table'], ['/settings', '.setting'], ['/audit', 'tbody tr.can'], ['/me', 'tbody tr'],
]
const READS = '**/api/v1/**'
const elsewhere = async () => {
  await go(page, '/nowhere')
  await seen(page, 'There is no page of this name')
}
const faults = page.locator('main .fault, main ~ .drawer .fault')
for (const [path, there] of PAGES) {
  const name = path.replace(txn_id, 'ID').replace(user_id, 'ID')
  await test(`${name}: a slow answer shows the shape of what will come, one that fails what is wrong, and trying again helps`, async () => {
    expect(/^500 GET/)
    await elsewhere()
    let open
    const gate = new Promise((go) => { open = go })
    const failing = (route) => (route.request().method() === 'GET' ? gate.then(() => route.fulfill({ status: 500, contentType: 'application/problem+json', body: '{"title":"broken","status":500,"detail":"the store cannot be read"}' })) : route.continue())
    await page.route(READS, failing)
    await go(page, path)
    await page.locator('main .skeleton').first().waitFor()
    await accessible(page)
    open()
    await faults.first().getByText('the store cannot be read').waitFor()
    await until(() => page.evaluate(() => !document.querySelector('main .skeleton')), 'nothing that failed looks as if it would come', LONG)
    await accessible(page)
    await page.unroute(READS, failing)
    await until(async () => {
      const again = faults.getByRole('button', { name: 'Try again' })
      if (await again.count()) await again.first().click({ timeout: 2000 }).catch(() => {})
      return (await faults.count()) === 0
    }, 'no fault is left', LONG)
    await page.locator(there).first().waitFor()
    await until(() => page.evaluate(() => !document.querySelector('main .skeleton')), 'all is there', LONG)
  })
}
await test('more rows that cannot be had are asked for when somebody says so, not for ever', async () => {
  expect(/^500 GET/)
  await elsewhere()
  let asked = 0
  const failing = (route) => {
    asked++
    return route.fulfill({ status: 500, contentType: 'application/problem+json', body: '{"title":"broken","status":500,"detail":"the store cannot be read"}' })
  }
  const NEXT = /payments\?.*cursor=/
  await page.route(NEXT, failing)
  await opens('/payments')
  await page.locator('.table-box').evaluate((e) => { e.scrollTop = e.scrollHeight })
  await page.locator('.table-box .fault').getByText('the store cannot be read').waitFor()
  const before = asked
  await page.evaluate(() => new Promise((go) => setTimeout(go, 700)))
  is(asked, before, 'further questions')
  await page.unroute(NEXT, failing)
  await page.locator('.table-box .fault').getByRole('button', { name: 'Try again' }).click()
  await until(async () => Number(await page.locator('table').getAttribute('aria-rowcount')) > 200, 'more rows', LONG)
  await becomes(() => page.locator('.table-box .fault').count(), 0, 'faults')
})

await test('without a wish for less, what opens moves in for a moment; under reduced motion nothing does', async () => {
  const moves = () => page.locator('.dialog').evaluate((e) => `${getComputedStyle(e).animationName} ${getComputedStyle(e).animationDuration}`)
  for (const [motion, wanted] of [['no-preference', 'enter 0.12s'], ['reduce', 'none']]) {
    await page.emulateMedia({ reducedMotion: motion })
    await page.keyboard.press('Control+k')
    await page.locator('.dialog').waitFor()
    holds((await moves()).startsWith(wanted), `${motion}: ${await moves()}`)
    await page.keyboard.press('Escape')
    await page.locator('.dialog').waitFor({ state: 'detached' })
  }
  await opens('/', '.figure-box canvas')
  await becomes(() => page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running').length), 0, 'what moves by itself')
})

const empty = await person(browser, bare.url)
empty.context.setDefaultTimeout(30000)
await empty.page.goto('/')
await signIn(empty.page, WHO.email, WHO.password)
const NOTHING = [
  ['/', ['Payments that deserve a look appear here', 'The course of the day appears with the first payments', 'Rules that fire are counted here']], ['/payments', ['No payment matches', 'ss-gen']], ['/alerts', ['Nothing waits to be looked at', 'ss-gen']],
  ['/alerts?status=resolved', ['No alert matches']], ['/cases', ['No case here']], ['/cases?view=board&tab=all', ['No case here']], ['/customers', ['Customers appear with their first payment']], ['/customers?q=zz', ['Nobody of that name']],
  ['/analytics', ['Nothing in this period', 'No rule fired']], ['/lists', ['Make the first one']], ['/keys', ['No keys yet']], ['/people', ['No open invitations']], ['/what-if', ['Fill in a customer and an amount']], ['/lab', ['Choose a scenario']],
]
for (const [path, words] of NOTHING)
  await empty.test(`${path} says what will be there, and how to make it`, async () => {
    await go(empty.page, path)
    for (const w of words) await empty.page.locator('main').getByText(w).first().waitFor()
    await until(() => empty.page.evaluate(() => !document.querySelector('main .skeleton')), 'nothing is waited for', LONG)
    const said = await text(empty.page.locator('main'))
    holds(!/NaN|undefined|Infinity|null|\[object/.test(said), `no figure of nothing: ${said.match(/.{0,40}(NaN|undefined|Infinity|null|\[object).{0,20}/)?.[0]}`)
    await accessible(empty.page)
  })
await bare.stop()
await done(browser, server)
