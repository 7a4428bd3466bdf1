// What an analyst and a viewer are shown, and that the server holds them to it.
import { becomes, done, go, holds, is, launch, person, text, until } from './lib/browser.mjs'
import { api, serve } from './lib/server.mjs'

const browser = await launch()
const server = await serve({ payments: 2500 })
const admin = api(server.url, (await api(server.url)('POST', 'auth/setup', { token: server.token, email: 'ann@example.com', name: 'Ann', password: 'correct horse battery' })).access_token)
const payment = (await admin('GET', 'payments?limit=1&level=HIGH,CRITICAL')).items[0]
const a_case = (await admin('GET', 'cases?limit=1')).items[0]
await admin('POST', 'lists', { name: 'bad_devices', kind: 'exact', description: 'Devices of known frauds' })

const PLACES = ['Overview', 'Payments', 'Alerts', 'Cases', 'Customers', 'Analytics', 'Rules', 'Lists', 'What-if']
const ADMIN = ['/people', '/keys', '/settings', '/audit']
for (const role of ['analyst', 'viewer']) {
  const email = `${role}@example.com`
  const password = `the ${role} has a long password`
  const { password: made } = await admin('POST', 'users', { email, name: role, role })
  const { page, context, test, expect } = await person(browser, server.url)
  const may = role === 'analyst'
  await test(`${role}: the first sign-in asks for a password of one's own; the sidebar holds what the role may open`, async () => {
    await page.goto('/')
    await page.getByLabel('Email').fill(email)
    await page.getByLabel('Password').fill(made)
    await page.keyboard.press('Enter')
    // Ann knows this password.
    await page.getByLabel('Present password').fill(made)
    await page.getByLabel('New password').fill(password)
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('navigation', { name: 'Pages' }).waitFor()
    const shown = (await page.locator('.side nav a > span').allInnerTexts()).map((t) => t.trim())
    is(shown.join(), [...PLACES, ...(may ? ['Lab'] : [])].join(), 'places')
  })
  await test(`${role}: a payment can ${may ? '' : 'not '}be labelled`, async () => {
    await go(page, `/payments?open=${encodeURIComponent(payment.txn_id)}`)
    await page.locator('.drawer .verdict').waitFor()
    await becomes(() => page.getByRole('button', { name: /^(It was|Known as) fraud$/ }).count(), may ? 1 : 0, 'the button')
  })
  await test(`${role}: alerts can ${may ? '' : 'not '}be selected`, async () => {
    await go(page, '/alerts')
    await page.locator('tbody tr.can').first().waitFor()
    await becomes(async () => (await page.locator('tbody input[type=checkbox]').count()) > 0, may, 'check boxes')
    await page.locator('main').focus()
    for (const key of ['j', 'x', 'a']) await page.keyboard.press(key)
    if (may) await page.locator('.toast', { hasText: 'Done' }).waitFor()
  })
  await test(`${role}: a case is ${may ? 'worked on' : 'only read'}`, async () => {
    await go(page, `/cases/${a_case.id}`)
    await page.locator('.case-title').waitFor()
    await becomes(async () => (await page.locator('.verbs').count()) > 0, may, 'verbs')
    await becomes(async () => (await page.getByLabel('Add a note').count()) > 0, may, 'the box for notes')
  })
  await test(`${role}: rules are ${may ? 'changed' : 'only read'}`, async () => {
    await go(page, '/rules')
    await page.locator('tbody tr').first().waitFor()
    await becomes(async () => (await page.getByRole('button', { name: 'New rule' }).count()) > 0, may, 'New rule')
    await page.getByRole('button', { name: 'velocity_burst' }).click()
    await until(async () => /velocity_burst/.test(await text(page.locator('.drawer'))), 'the rule')
    await becomes(async () => (await page.getByRole('button', { name: 'Put in force' }).count()) > 0, may, 'Put in force')
    await page.locator('.drawer', { hasText: 'user_count_1m' }).or(page.locator('.drawer textarea')).first().waitFor()
    await page.keyboard.press('Escape')
  })
  await test(`${role}: a list is ${may ? 'changed' : 'only read'}`, async () => {
    await go(page, '/lists/bad_devices')
    await page.getByText(may ? 'Nothing is on this list yet' : 'An analyst may see what is on the list').waitFor()
    await becomes(async () => (await page.getByLabel('Value', { exact: true }).count()) > 0, may, 'the form')
  })
  await test(`${role}: every page there is opens without a fault`, async () => {
    for (const path of ['/', '/customers', '/analytics', '/what-if', '/me', ...(may ? ['/lab'] : [])]) {
      await go(page, path)
      await page.locator('main .card, main tbody tr').first().waitFor()
      await until(() => page.evaluate(() => !document.querySelector('.skeleton')), `all of ${path}`)
      is(await page.locator('.fault').count(), 0, `faults on ${path}`)
    }
  })
  await test(`${role}: pages of administrators say that they are not for everybody`, async () => {
    for (const path of ADMIN) {
      await go(page, path)
      await page.getByText('An administrator may open this page').waitFor()
    }
  })
  await test(`${role}: the server refuses what the page does not show`, async () => {
    expect(/^403 /)
    const status = await page.evaluate((writes) => Promise.all(writes.map(([path, body]) => fetch(`/api/v1/${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then((r) => r.status))), [
      ['users', { email: 'x@example.com', name: 'X', role: 'admin' }],
      ['keys', { name: 'x', scopes: ['score'] }],
      ...(may ? [] : [['labels', { labels: [{ txn_id: payment.txn_id, label: 1 }] }], ['lists/bad_devices/entries', { value: 'D1' }]]),
    ])
    holds(status.every((s) => s === 403), `all are 403: ${status}`)
  })
  await context.close()
}
await done(browser, server)
