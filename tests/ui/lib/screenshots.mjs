// Pictures of the pages, small enough for a README: colours are reduced to a palette of 26.
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { launch, person, signIn, until } from './browser.mjs'
import { api, serve } from './server.mjs'

const WIDTH = 1280
const HEIGHT = 800
const dir = process.argv[2]
mkdirSync(dir, { recursive: true })

/** In the page: the picture's pixels as indexes into the colours that occur most. */
async function indexed(data) {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob())
  const canvas = new OffscreenCanvas(picture.width, picture.height)
  const context = canvas.getContext('2d')
  context.drawImage(picture, 0, 0)
  const pixels = context.getImageData(0, 0, picture.width, picture.height).data
  const counts = new Map()
  const key = (i) => ((pixels[i] >> 2) << 12) | ((pixels[i + 1] >> 2) << 6) | (pixels[i + 2] >> 2)
  for (let i = 0; i < pixels.length; i += 4) counts.set(key(i), (counts.get(key(i)) ?? 0) + 1)
  // Each further colour is one that is frequent and far from those there are: few, but no hue is lost.
  const all = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 1500).map(([k, n]) => ({ rgb: [((k >> 12) << 2) | 2, (((k >> 6) & 63) << 2) | 2, ((k & 63) << 2) | 2].map((v) => (v >= 252 ? 255 : v)), weight: Math.sqrt(n), far: 1e9 }))
  const palette = []
  while (palette.length < Math.min(26, all.length)) {
    const next = all.reduce((best, c) => (c.weight * c.far > best.weight * best.far ? c : best))
    palette.push(next.rgb)
    for (const c of all) c.far = Math.min(c.far, Math.hypot(...c.rgb.map((v, n) => v - next.rgb[n])))
  }
  const near = new Map()
  const nearest = (i) => {
    const k = key(i)
    if (!near.has(k)) {
      let best = 0
      let least = Infinity
      palette.forEach(([r, g, b], n) => {
        const d = (r - pixels[i]) ** 2 + (g - pixels[i + 1]) ** 2 + (b - pixels[i + 2]) ** 2
        if (d < least) [best, least] = [n, d]
      })
      near.set(k, best)
    }
    return near.get(k)
  }
  const out = []
  for (let i = 0; i < pixels.length; i += 4) out.push(nearest(i))
  let text = ''
  for (let i = 0; i < out.length; i += 8192) text += String.fromCharCode(...out.slice(i, i + 8192))
  return { palette, width: picture.width, height: picture.height, pixels: btoa(text) }
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(zlib.crc32 ? zlib.crc32(body) : own_crc(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}
// Node before 22 has no crc32.
function own_crc(bytes) {
  let c = 0xffffffff
  for (const b of bytes) {
    c ^= b
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  }
  return (c ^ 0xffffffff) >>> 0
}
function png({ palette, width, height, pixels }) {
  const flat = Buffer.from(pixels, 'base64')
  const lines = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++) flat.copy(lines, y * (width + 1) + 1, y * width, (y + 1) * width)
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('PLTE', Buffer.from(palette.flat())), chunk('IDAT', zlib.deflateSync(lines, { level: 9 })), chunk('IEND', Buffer.alloc(0))])
}

const browser = await launch()
const server = await serve({ payments: 12000, rate: 12, fraud: 0.03, model: true })
const WHO = { email: 'ann@example.com', password: 'correct horse battery' }
const ask = api(server.url, (await api(server.url)('POST', 'auth/setup', { token: server.token, name: 'Ann', ...WHO })).access_token)
const { page } = await person(browser, server.url, { width: WIDTH, height: HEIGHT })
const { page: reduced } = await person(browser, 'about:blank')
await page.goto('/')
await signIn(page, WHO.email, WHO.password)
const payment = (await ask('GET', 'payments?limit=1&level=CRITICAL')).items[0]
const a_case = (await ask('GET', 'cases?limit=1')).items[0]
await ask('POST', 'lists', { name: 'bad_devices', kind: 'exact', description: 'Devices of known frauds' })
for (const value of ['D7a19c02', 'Dc20085de', 'D19d79bcb']) await ask('POST', 'lists/bad_devices/entries', { value, reason: 'paid with stolen cards' })
for (const [name, role] of [['Bela', 'analyst'], ['Cleo', 'analyst'], ['Dan', 'viewer']]) await ask('POST', 'users', { email: `${name.toLowerCase()}@example.com`, name, role })
await ask('POST', 'keys', { name: 'the shop', role: 'service', scopes: ['payments:write', 'score'] })
await ask('POST', 'keys', { name: 'nightly report', role: 'service', scopes: ['analytics:read'] })
await ask('POST', `cases/${a_case.id}/comments`, { content: 'Called her: she was at home, and knows neither the shop nor the device.' })

/** Name, path, what shows that it is there; dark, of phone's width, and what is done first. */
const PAGES = [
  ['overview', '/', '.feed li'],
  ['overview-dark', '/', '.feed li', { dark: true }],
  ['overview-phone', '/', '.feed li', { phone: true }],
  ['payments', '/payments', 'tbody tr.can'],
  ['payment', `/payments?open=${encodeURIComponent(payment.txn_id)}`, '.drawer .verdict'],
  ['alerts', '/alerts', 'tbody tr.can'],
  ['case', `/cases/${a_case.id}`, '.verdict'],
  ['case-phone', `/cases/${a_case.id}`, '.verdict', { phone: true, dark: true }],
  ['customers', '/customers', 'tbody tr.can'],
  ['customer', `/customers/${a_case.user_id ?? payment.user_id}`, '.strip .figure'],
  ['analytics', '/analytics', 'canvas'],
  ['rules', '/rules', 'tbody tr'],
  ['rule', '/rules?rule=velocity_burst', '.drawer textarea', { first: async () => { await page.getByRole('button', { name: 'Run over the stored payments' }).click(); await page.locator('.drawer table').first().waitFor({ timeout: 30000 }) } }],
  ['lists', '/lists/bad_devices', 'tbody tr'],
  ['what-if', `/what-if?like=${encodeURIComponent(payment.txn_id)}`, 'form', { first: () => page.getByRole('button', { name: 'Ask', exact: true }).click() }],
  ['lab', '/lab', '.strip', { first: () => page.getByRole('button', { name: 'Start', exact: true }).click(), wait: 4000, last: () => page.getByRole('button', { name: 'Stop', exact: true }).click() }],
  ['people', '/people', 'tbody tr'],
  ['keys', '/keys', 'tbody tr'],
  ['settings', '/settings', '.setting'],
  ['audit', '/audit', 'tbody tr'],
  ['sign-in', '/', 'form', { out: true }],
]
const only = process.env.ONLY?.split(',')
for (const [name, path, there, { dark, phone, first, last, wait = 1200, out } = {}] of PAGES.filter(([n]) => !only || only.includes(n))) {
  if (out) await page.context().clearCookies()
  await page.evaluate(([theme, gone]) => { gone ? localStorage.clear() : localStorage.setItem('theme', theme) }, [dark ? 'dark' : 'light', out])
  await page.setViewportSize(phone ? { width: 390, height: 844 } : { width: WIDTH, height: HEIGHT })
  await page.goto(path)
  await page.locator(there).first().waitFor()
  await first?.()
  await until(() => page.evaluate(() => !document.querySelector('.skeleton')), 'all is loaded')
  await new Promise((done) => setTimeout(done, wait))
  const shot = await page.screenshot()
  await last?.()
  if (process.env.RAW) writeFileSync(join(process.env.RAW, `${name}.png`), shot)
  const file = join(dir, `${name}.png`)
  writeFileSync(file, png(await reduced.evaluate(indexed, shot.toString('base64'))))
  console.log(`${file} ${Math.ceil(statSync(file).size / 1024)} kB`)
}
await browser.close()
await server.stop()
process.exit(0)
