// A walk by someone new, who has read nothing: from the address that the demo prints to a case that is resolved, and a
// rule whose precision has moved for it. Counts what it takes.
import { done, holds, is, launch, person, text, until } from './lib/browser.mjs'
import { serve } from './lib/server.mjs'

const browser = await launch()
// As the demo does it: payments that are known, then live ones of which nobody has said anything.
const server = await serve({ payments: 6000, rate: 12, fraud: 0.1, labels: false })
const { page, test, expect } = await person(browser, server.url)
const begun = Date.now()
let clicks = 0
let keys = 0
const click = async (target) => { await target.click(); clicks++ }
const type = async (label, words) => { await page.getByLabel(label).fill(words); clicks++; keys += words.length }
const place = (name) => click(page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }))
const title = () => text(page.locator('.top h1'))
const button = (name) => page.getByRole('button', { name })
let rule
let precision
let number

await test('the address that was printed leads to the first account, with the token in its place', async () => {
  await page.goto(`/#token=${server.token}`)
  await page.getByRole('heading', { name: 'The first account' }).waitFor()
  is(await page.getByLabel('Setup token').inputValue(), server.token, 'the token')
  await type('Email', 'new@example.com')
  await type('Name', 'Noa')
  await type('Password', 'a whole sentence is fine')
  await click(button('Make the account'))
  await until(async () => (await title()) === 'Overview', 'the overview')
  is(new URL(page.url()).hash, '', 'what is left of the token in the address')
  await page.locator('.strip .figure').first().waitFor()
  holds(Number((await text(page.locator('.strip .figure').first())).replace(/\D/g, '')) > 500, 'payments are counted')
})
await test('alerts are in sight, and the newest says why', async () => {
  holds(Number((await text(page.locator('.side a[href="/alerts"] b'))).replace(/\D/g, '')) > 0, 'the sidebar counts alerts')
  // Somebody new takes one of what has just happened: nobody has said yet what it was.
  const fresh = await until(() => page.evaluate(async () => (await (await fetch('/api/v1/alerts?limit=50')).json()).items.find((a) => a.case && a.rules.length && a.txn_id.startsWith('live-'))), 'a live alert in a case', 30000)
  await place('Alerts')
  const row = page.locator('tbody tr.can', { has: page.locator(`a[href="/cases/${fresh.case.id}"]`) }).first()
  await row.waitFor()
  await click(row.locator('td').nth(2))
  const drawer = page.locator('.drawer')
  await drawer.getByRole('heading', { name: 'Rules' }).waitFor()
  await drawer.locator('a[href^="/rules"]').first().waitFor()
  rule = await text(drawer.locator('a[href^="/rules"]').first())
  number = await text(drawer.locator('a.button[href^="/cases/"]'))
})
const seen = async () => text(page.locator('tbody tr', { has: page.getByRole('button', { name: rule, exact: true }) }).locator('td').nth(5))
await test('the rules show how often each is right', async () => {
  await place('Rules')
  await page.getByRole('columnheader', { name: 'Precision' }).waitFor()
  precision = await until(async () => { const now = await seen(); return /\d %|–/.test(now) && now }, 'a precision')
})
await test('the alert leads to its case, which says what, how sure and why', async () => {
  await page.goBack()
  await click(page.locator('.drawer a.button[href^="/cases/"]'))
  await page.locator('.case-title').waitFor()
  holds((await text(page.locator('.case-main'))).includes(number), `the case ${number}`)
  await page.locator('.case-main .verdict .figure').waitFor()
  await page.locator('.case-main a[href^="/rules"]').first().waitFor()
})
await test('it is resolved as fraud, and the next one comes by itself', async () => {
  const was = page.url()
  await click(button(/^Confirm fraud/))
  await page.getByRole('dialog').waitFor()
  const resolve = page.getByRole('dialog').getByRole('button', { name: 'Resolve', exact: true })
  await click(resolve)
  // Payments come all the while: where another one has just joined the case, it is said, and resolved again.
  expect(/^412 POST .*\/resolve$/)
  const meanwhile = page.getByRole('dialog').getByText('Somebody changed this meanwhile')
  await until(async () => {
    if (await meanwhile.count()) await resolve.click({ timeout: 2000 }).catch(() => {})
    return page.locator('.toast', { hasText: 'confirmed fraud' }).count()
  }, 'it is said', 60000)
  await until(() => page.url() !== was, 'another case')
})
await test("the rule's precision has moved", async () => {
  await place('Rules')
  await until(async () => (await seen()) !== precision, `a precision other than ${precision}`)
  console.log(`# ${rule}: ${precision} before, ${await seen()} after`)
})
await test('it took less than three minutes', async () => {
  const seconds = (Date.now() - begun) / 1000
  // A person reads, looks for and aims: six seconds for each click, a third of one for each letter.
  const person_s = clicks * 6 + keys / 3
  console.log(`# ${clicks} clicks and ${keys} letters; ${seconds.toFixed(1)} s here, some ${person_s.toFixed(0)} s for a person`)
  holds(person_s < 180, `${person_s} s`)
})
await done(browser, server)
