// What somebody sees at first sight: words rather than codes, nothing cut off that one decides by, times of their zone.
import { becomes, done, fits, go, holds, is, launch, person, signIn, text, until } from './lib/browser.mjs'
import { api, serve } from './lib/server.mjs'

const browser = await launch()
const server = await serve({ rate: 0 })
const WHO = { email: 'ann@example.com', password: 'correct horse battery' }
const { page, test, expect } = await person(browser, server.url)

await test('an account without a name or a password: each is marked, and nothing is said in codes', async () => {
  expect(/^422 POST/)
  await page.goto(`/#token=${server.token}`)
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByText('Password is empty').waitFor()
  await page.getByText('Not sent yet: see what is marked above.').waitFor()
})
const ask = api(server.url, (await api(server.url)('POST', 'auth/setup', { token: server.token, name: 'Ann', ...WHO })).access_token)
await page.goto('/')
await signIn(page, WHO.email, WHO.password)

await test('the hours of the week are those of the viewer', async () => {
  const { items } = await ask('GET', 'analytics/heatmap?period=30d')
  const most = items.reduce((a, b) => (b.alerts > a.alerts ? b : a))
  await page.locator('.heat i').first().waitFor()
  const ahead = await page.evaluate(() => -new Date().getTimezoneOffset() / 60)
  const at = (most.weekday * 24 + most.hour + ahead) % 168
  const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][Math.floor(at / 24)]
  await becomes(() => page.locator('.heat i').nth(at).getAttribute('title'), `${day} ${String(at % 24).padStart(2, '0')}:00: ${most.alerts} alerts`, 'the hour with most alerts')
})
await test('beside a case: what its customer usually pays, those of the case marked, and whom they are linked with', async () => {
  const a_case = (await ask('GET', 'cases?limit=1')).items[0]
  const whole = await ask('GET', `cases/${a_case.id}`)
  await go(page, `/cases/${a_case.id}`)
  const side = page.getByRole('complementary', { name: 'The customer' })
  await side.locator('.dots circle').first().waitFor()
  await becomes(() => side.locator('.dots .ours').count(), whole.payments.length, 'payments of the case among the dots')
  await side.getByText(/other customers?,|Shares no card/).first().waitFor()
  const line = await text(page.locator('.queue li.current .clip[title]'))
  holds(line.startsWith(`#${a_case.id} · `) && line.includes(a_case.currency) && line.endsWith('unassigned'), line)
})
await test('a reason begins as a sentence does, in the list and in the drawer', async () => {
  await go(page, '/alerts')
  await page.locator('tbody tr.can').first().waitFor()
  const reasons = await page.locator('tbody td.wide-cell').allInnerTexts()
  holds(reasons.length > 5 && reasons.every((r) => /^[^a-z_]/.test(r) && !/_/.test(r)), reasons.slice(0, 3).join(' | '))
})
await test('a rule that is tried is tried among the others', async () => {
  await go(page, '/rules?rule=velocity_burst')
  const drawer = page.locator('.drawer')
  await drawer.getByText(/tests passed/).waitFor()
  await drawer.getByRole('button', { name: 'Run over the stored payments' }).click()
  await drawer.getByText('No payment would have been decided otherwise.').waitFor({ timeout: 30000 })
})
await test('a case on paper is whole, light, and says when in full; nothing to press is printed', async () => {
  const a_case = (await ask('GET', 'cases?limit=1')).items[0]
  await page.evaluate(() => { document.documentElement.dataset.theme = 'dark' })
  await go(page, `/cases/${a_case.id}`)
  await page.locator('.case-main .pays a').first().waitFor()
  await page.emulateMedia({ media: 'print' })
  const paper = await page.evaluate(() => {
    const shown = (e) => e.checkVisibility()
    const main = document.querySelector('.case-main')
    return {
      ink: getComputedStyle(main).color, ground: getComputedStyle(document.body).backgroundColor,
      times: [...main.querySelectorAll('time')].filter(shown).map((e) => getComputedStyle(e, '::after').content),
      pressed: [...document.querySelectorAll('button, .button, input, select')].filter(shown).map((e) => e.innerText || e.ariaLabel),
      inner: [...document.querySelectorAll('.frame *:not(.visually-hidden)')].filter((e) => shown(e) && e.scrollHeight > e.clientHeight + 4 && getComputedStyle(e).overflowY !== 'visible').map((e) => e.className),
    }
  })
  await page.emulateMedia({ media: null })
  await page.evaluate(() => { document.documentElement.dataset.theme = 'light' })
  is(paper.ink, 'rgb(20, 24, 31)', 'the ink')
  is(paper.ground, 'rgba(0, 0, 0, 0)', 'the ground')
  holds(paper.times.length > 2 && paper.times.every((t) => /UTC"$/.test(t)), paper.times.join())
  is(paper.pressed.join(), '', 'controls on paper')
  is(paper.inner.join(), '', 'cut off')
})
await test('where the system sets the colours, bars, levels and what is chosen are still seen', async () => {
  await page.emulateMedia({ forcedColors: 'active' })
  await go(page, '/')
  await page.locator('.meter .bar > i').first().waitFor()
  await page.locator('.heat i').first().waitFor()
  const differ = await page.evaluate(() => {
    const of = (what, part) => { const s = getComputedStyle(document.querySelector(what), part); return s.backgroundColor }
    return [['.bar', of('.bar > i'), of('.bar')], ['.choice', of('.choice [aria-pressed="true"]'), of('.choice [aria-pressed="false"]')], ['.level', of('.level.critical', '::before'), of('.level.low', '::before')], ['.heat', of('.heat > i'), of('.card')]]
  })
  await page.emulateMedia({ forcedColors: 'none' })
  for (const [what, one, other] of differ) holds(one !== other, `${what}: ${one} on ${other}`)
})
await test('on a small phone a case can be worked: its verbs in two rows, the rarer ones behind one more', async () => {
  await page.setViewportSize({ width: 360, height: 740 })
  const { id } = (await ask('GET', 'cases?limit=1&status=open')).items[0]
  await go(page, `/cases/${id}`)
  const verbs = page.locator('.verbs')
  await verbs.getByRole('button', { name: /^Confirm fraud/ }).waitFor()
  await fits(page)
  const rows = await verbs.locator('> *, > div > *').evaluateAll((all) => new Set(all.filter((e) => e.checkVisibility() && e.matches('.button, .has-menu')).map((e) => Math.round(e.getBoundingClientRect().top))).size)
  is(rows, 2, 'rows of verbs')
  is(await verbs.getByRole('button', { name: 'Investigate' }).count(), 0, 'what is rarer')
  await verbs.getByRole('button', { name: 'More', exact: true }).click()
  const menu = verbs.locator('.menu')
  await menu.getByRole('link', { name: 'Export' }).waitFor()
  await menu.getByRole('button', { name: 'Priority low' }).click()
  await until(async () => (await ask('GET', `cases/${id}`)).priority === 'low', 'another priority')
  await verbs.getByRole('button', { name: 'More', exact: true }).click()
  await menu.getByRole('button', { name: 'Investigate' }).click()
  await until(async () => (await ask('GET', `cases/${id}`)).status === 'investigating', 'another status')
})
await test('on a small phone the bar below shows that there are more places, and the last one whole', async () => {
  const nav = page.getByRole('navigation', { name: 'Pages' })
  // What is seen at the right edge of the bar: the fade while there is more, and nothing under it at the end.
  const look = () => nav.evaluate((e) => {
    const [box, last] = [e.getBoundingClientRect(), [...e.querySelectorAll('a')].at(-1).getBoundingClientRect()]
    const fade = getComputedStyle(e, '::after')
    return { more: e.scrollWidth - e.clientWidth - e.scrollLeft, fades: fade.backgroundImage.startsWith('linear-gradient') && fade.position === 'sticky', free: box.right - last.right, width: parseFloat(fade.width) }
  })
  const begin = await look()
  holds(begin.more > 100 && begin.fades, JSON.stringify(begin))
  await nav.evaluate((e) => e.scrollTo(e.scrollWidth, 0))
  await until(async () => (await look()).more < 2, 'the end of the bar')
  const end = await look()
  holds(end.width > 20 && end.free >= end.width - 1, JSON.stringify(end))
  const [you, edge] = [await page.getByTitle('You', { exact: true }).boundingBox(), await nav.boundingBox()]
  holds(you.x >= edge.x + edge.width && you.x + you.width <= 360, `beside it, always: ${JSON.stringify(you)}`)
})
await test('on a phone a row of alerts says level, time, amount and reason without scrolling sideways', async () => {
  await page.setViewportSize({ width: 390, height: 844 })
  await go(page, '/alerts')
  const row = page.locator('tbody tr.can').first()
  await row.locator('td.brief').waitFor()
  await fits(page)
  const [alert] = (await ask('GET', 'alerts?status=new&limit=1')).items
  const said = await text(row)
  holds(said.includes(alert.currency) && said.toLowerCase().includes(alert.level.toLowerCase()), said)
  const box = await row.boundingBox()
  holds(box.width <= 390 && box.height >= 44, JSON.stringify(box))
  await page.getByRole('button', { name: 'Score' }).click()
  await until(() => new URL(page.url()).searchParams.get('sort') === '-score', 'sorted by score')
})
await test('a name of eighty characters leaves the top bar its place', async () => {
  expect(/^404 GET/)
  await go(page, `/customers/${'x'.repeat(80)}`)
  await page.getByRole('link', { name: 'All customers' }).waitFor()
  for (const width of [1440, 1024, 390]) {
    await page.setViewportSize({ width, height: 900 })
    const boxes = () => page.evaluate((all) => all.map((s) => document.querySelector(s).getBoundingClientRect().toJSON()), ['.top h1', '.top .filter a', '.find', '.pill'])
    await until(async () => { const [title, , find, pill] = await boxes(); return title.right <= find.x && pill.right <= width }, `at ${width} px neither the title nor the pill sticks out`)
    await until(async () => { const [, back, find] = await boxes(); return back.right <= find.x || back.y >= find.bottom }, `at ${width} px the search does not lie on the link back`)
  }
  await page.setViewportSize({ width: 1440, height: 900 })
})
await test('the board says whole whose case it is, and the search what it finds', async () => {
  await go(page, '/cases?view=board&tab=all')
  await page.locator('.board a .unclipped').first().waitFor()
  const cut = () => page.evaluate(() => [...document.querySelectorAll('.board .unclipped, .find .clip')].filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map((e) => e.textContent).join())
  await becomes(cut, '', 'cut off')
})
await done(browser, server)
