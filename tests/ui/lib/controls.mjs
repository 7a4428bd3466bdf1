// Using the controls of a page one after the other, and telling whether something came of each.

const CONTROLS = 'a[href], button, input, select, textarea, summary, [role=option]'
/** What opens over a page or beside it; it is gone through too. */
const OPENED = ['.dialog', '.menu', '.drawer']
// These only ask, though they send something along.
const ASKS = '/(auth/(ticket|refresh|login)|rule-sets/(validate|test)|what-if)$'
const MS = { come: 6000, held: 60, rest: 25000 }

/** In the page, before anything of it runs: `tried`, which finds controls, and watches what is asked and what changes.
 * Changes are caught on their way to the server, so that no control spoils the next. */
function kit({ CONTROLS, OPENED, ASKS, MS }) {
  const asks = new RegExp(ASKS)
  const own = { fetch: globalThis.fetch, setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout }
  const tried = (globalThis.tried = {})
  let asked = [] // since the control was aimed at
  let changes = 0 // since then, outside of what lives by itself
  let stirs = 0 // ever
  let flying = 0 // questions without an answer
  const soon = new Set() // what will be done within a moment
  // Nothing asks by itself.
  globalThis.setInterval = () => 0
  globalThis.setTimeout = (run, ms = 0, ...rest) => {
    const id = own.setTimeout.call(globalThis, (...all) => { soon.delete(id); run(...all) }, ms, ...rest)
    if (ms <= 600) soon.add(id)
    return id
  }
  globalThis.clearTimeout = (id) => { soon.delete(id); own.clearTimeout.call(globalThis, id) }
  globalThis.fetch = async (to, init) => {
    const method = init?.method ?? 'GET'
    const path = new URL(to, location.href).pathname
    asked.push(`${method} ${path}`)
    if (method !== 'GET' && !asks.test(path)) {
      const body = { title: 'not now', status: 503, detail: 'not while the controls are tried' }
      return new Response(JSON.stringify(body), { status: 503, headers: { 'Content-Type': 'application/problem+json' } })
    }
    flying++
    try {
      const answer = await own.fetch.call(globalThis, to, init)
      const bytes = await answer.arrayBuffer()
      return new Response([204, 304].includes(answer.status) ? null : bytes, { status: answer.status, headers: answer.headers })
    } finally {
      flying--
    }
  }
  const see = (all) => {
    for (const m of all) {
      const e = m.target.nodeType === 1 ? m.target : m.target.parentElement
      if (e?.closest('.pill')) continue
      stirs++
      if (e?.closest('.toasts') ? m.addedNodes.length : !e?.closest('.skeleton')) changes++
    }
  }
  const watcher = new MutationObserver(see)
  watcher.observe(document, { subtree: true, childList: true, characterData: true, attributes: true })

  const frame = () => new Promise((done) => requestAnimationFrame(done))
  const moment = () => new Promise((done) => own.setTimeout.call(globalThis, done, 15))
  const until = async (look, what) => {
    for (const end = Date.now() + MS.rest; !look(); await moment()) if (Date.now() > end) throw new Error(`${what}: not within ${MS.rest} ms`)
  }
  const shown = (e) => e.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true })
  const open = () => OPENED.filter((s) => document.querySelector(s))
  /** All that was asked for is there and drawn. */
  const rest = async () => {
    // What never rests is not waited for.
    const end = Date.now() + 2000
    for (let was = -1; ; ) {
      await until(() => !flying && (!soon.size || Date.now() > end) && !document.querySelector('.skeleton'), 'all is loaded')
      if (was === stirs || Date.now() > end) return
      was = stirs
      await frame()
      await frame()
    }
  }

  /** Every control that can be seen inside `within`, alike ones in a list only once. */
  function all(within) {
    const boxes = [...document.querySelectorAll(within)]
    // Of what floats, the one on top.
    const inside = within.includes(',') ? boxes.flatMap((b) => [...b.querySelectorAll(CONTROLS)]) : [...(boxes.at(-1)?.querySelectorAll(CONTROLS) ?? [])]
    const found = new Map()
    for (const e of inside) {
      if (e.disabled || !shown(e) || e.closest('[aria-hidden=true]')) continue
      if (within === 'body' && e.closest('.menu, .dialog')) continue
      if (e.classList.contains('skip')) continue // it is seen once it has the focus
      const repeated = e.closest('tbody tr, li, .lines > *, .meter, .queue > *, .menu label, .board a')
      const path = []
      for (let up = e; up && !boxes.includes(up); up = up.parentElement) path.push(up.tagName + '.' + [...up.classList].filter((c) => !/^(current|can|critical|high|medium|low|none|bad|good)$/.test(c)).join('.'))
      const cell = e.closest('td')
      const name = (e.getAttribute('aria-label') ?? e.title ?? '') || e.innerText || e.name || e.placeholder || ''
      // Ids aside, what it says; in a list, the column and what a button says.
      const plain = name.replace(/\S*\d\S*/g, '#').trim()
      const words = repeated ? `${cell?.cellIndex ?? ''} ${cell && e.tagName === 'BUTTON' && /^(Turn|Shadow|Live|Revoke|Take|Remove|#)/.test(plain) ? plain : ''}` : plain
      const key = `${path.join('<')} ${words}`
      if (!found.has(key)) found.set(key, { key, e, name: `${e.tagName.toLowerCase()} '${name.trim().replace(/\s+/g, ' ').slice(0, 60)}'` })
    }
    return [...found.values()]
  }
  /** All by which one state of the page differs from another, for whoever uses it. */
  const state = () => JSON.stringify([location.href, { ...document.documentElement.dataset }, { ...localStorage }, open(), document.querySelector('main')?.innerText,
    [...document.querySelectorAll(CONTROLS)].filter(shown).map((e) => [e.innerText, e.value, e.checked, e.disabled, e.className, e.ariaPressed, e.ariaExpanded, e.ariaSelected, e.ariaCurrent])])
  let pure = ''
  let base = null // the page before anything was used

  tried.list = (within) => all(within).map(({ key, name }) => ({ key, name }))
  /** Which control it is now, and what is known of it; from here on it is watched what comes of it. */
  tried.aim = (within, key) => {
    const e = all(within).find((c) => c.key === key)?.e
    if (!e) return null
    for (const t of document.querySelectorAll('.toast')) t.remove()
    see(watcher.takeRecords())
    asked = []
    changes = 0
    tried.was = { url: location.href, open: open() }
    const set = e.getAttribute('aria-pressed') === 'true' || e.getAttribute('aria-current') !== null || e.getAttribute('aria-selected') === 'true'
    const here = e.tagName === 'A' && (e.href === location.href || (e.pathname === location.pathname && e.search === location.search))
    return {
      at: [...document.querySelectorAll(CONTROLS)].indexOf(e), tag: e.tagName, type: e.type, file: e.type === 'file',
      // A choice that is already made, or a link to where one is, has nothing to do.
      idle: set || here, held: !!e.closest('form, [role=radiogroup], .dialog'), list: e.getAttribute('role'),
      others: e.tagName === 'SELECT' ? [...e.options].filter((o) => o.value !== e.value).map((o) => o.value) : [],
    }
  }
  /** Waits for what comes of it, and until that is all there. */
  tried.outcome = async (excused) => {
    const came = () => asked.length > 0 || changes > 0 || location.href !== tried.was.url
    for (const end = Date.now() + (excused ? MS.held : MS.come); !came() && Date.now() < end; ) await moment()
    const effect = came()
    if (effect) await rest()
    const fresh = open().filter((s) => !tried.was.open.includes(s))
    return { effect, fresh: location.pathname === new URL(tried.was.url).pathname ? fresh : [], pure: state() === pure }
  }
  const to = (where) => {
    history.pushState(null, '', where)
    dispatchEvent(new PopStateEvent('popstate'))
  }
  const room = (path) => path.split(/[/?]/)[1]
  /** Takes back what was done, as a person would. */
  async function takeBack(path) {
    for (let i = 0; i < 2 && open().some((s) => !base.open.includes(s)); i++) {
      ;(document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
      await frame()
    }
    if (location.pathname + location.search !== path && room(location.pathname) === room(path)) to(path)
    await rest()
  }
  /** To the page as it was: 'there' where taking back led to just that, 'new' if it was left and opened again, nothing
   * if only a reload can. */
  tried.back = async (path, theme, anew) => {
    for (const k of Object.keys(localStorage)) if (k === 'theme' || k.startsWith('columns.')) localStorage.removeItem(k)
    for (const t of document.querySelectorAll('.toast')) t.remove()
    const { dataset } = document.documentElement
    if (dataset.theme !== theme) dispatchEvent(new StorageEvent('storage', { key: 'theme', newValue: null }))
    if (!anew && base?.path === path && room(location.pathname) === room(path)) {
      await takeBack(path)
      if (state() === base.state) return 'there'
    }
    if (!document.querySelector('.side') || dataset.theme !== theme || dataset.density !== 'dense' || document.querySelector('.dialog')) {
      localStorage.removeItem('density')
      return ''
    }
    // Another page in between: what a page holds begins anew.
    if (room(location.pathname) === room(path)) {
      to('/nowhere')
      await until(() => /There is no page of this name/.test(document.querySelector('main').textContent), 'another page')
    }
    to(path)
    return 'new'
  }
  tried.ready = async (path, there, plants) => {
    await until(() => { const e = document.querySelector(there); return e && shown(e) }, there)
    await rest()
    if (plants) {
      const dead = (name) => Object.assign(document.createElement('button'), { textContent: name })
      document.querySelector('main > div').prepend(dead('Dead'))
      document.querySelector('main > div').append(dead('As dead'))
    }
    base = { path, state: state(), open: open() }
  }
  tried.rest = rest
  tried.begin = () => { pure = state() }
}

async function use(page, control) {
  const e = page.locator(CONTROLS).nth(control.at)
  const { tag, type } = control
  if (control.file) await e.setInputFiles({ name: 'note.csv', mimeType: 'text/csv', buffer: Buffer.from('value\nX\n') })
  else if (tag === 'SELECT') {
    if (!control.others.length) return true
    await e.selectOption(control.others[0])
  } else if (tag === 'TEXTAREA' || (tag === 'INPUT' && !['checkbox', 'radio', 'range', 'button'].includes(type))) {
    await e.fill(type === 'date' ? '2030-01-01' : type === 'number' ? '7' : type === 'email' ? 'x@example.com' : '1')
    if (!control.held) await e.press('Enter')
  } else if (type === 'range') await e.fill('50')
  else await e.click()
  // Whether nothing need come of it: a field of a form waits for the rest of the form.
  return control.idle || (control.held && !['BUTTON', 'A', 'SUMMARY'].includes(tag) && !control.list)
}

/** `plants`: two dead controls stand on every page. */
export async function trier(page, plants = false) {
  let downloads = 0
  let saved = () => {}
  page.on('download', (d) => { downloads++; void d.cancel(); saved() })
  const escaped = []
  page.on('request', (r) => {
    const { pathname } = new URL(r.url())
    if (r.method() !== 'GET' && pathname.startsWith('/api/') && !new RegExp(ASKS).test(pathname)) escaped.push(`${r.method()} ${pathname}`)
  })
  await page.addInitScript(kit, { CONTROLS, OPENED, ASKS, MS })
  const aim = (within, key) => page.evaluate(([w, k]) => tried.aim(w, k), [within, key])

  /** To the page as it was, with what the steps before open; `anew`: not by taking back. Gives whether it is new. */
  async function reset({ path, there, theme }, steps, anew) {
    const way = await page.evaluate(([p, t, a]) => tried.back(p, t, a), [path, theme, anew]).catch(() => '')
    if (!way) await page.goto(path)
    if (way !== 'there') await page.evaluate(([p, t, d]) => tried.ready(p, t, d), [path, there, plants])
    for (const { within, key, name } of steps) {
      const control = await aim(within, key)
      if (!control) throw new Error(`${name} is gone`)
      await use(page, control)
      await page.evaluate(() => tried.rest())
    }
    await page.evaluate(() => tried.begin())
    return way !== 'there'
  }

  /** What comes of a control once it is used. */
  async function outcome(control) {
    const before = downloads
    const excused = await use(page, control)
    // A document that is gone was left for another.
    const seen = page.evaluate((e) => tried.outcome(e), excused).catch((fault) => {
      if (/not within/.test(fault)) throw fault
      return { effect: true, fresh: [], pure: false }
    })
    const file = { effect: true, fresh: [], pure: true }
    const came = downloads > before ? file : await Promise.race([seen, new Promise((done) => { saved = () => done(file) })])
    return { ...came, dead: !came.effect && !excused }
  }

  /** Uses each control inside `within` that `known` does not name yet; `dead` gets those of which nothing comes. Gives
   * how many were used. */
  return async function tryAll(where, within, dead, known = new Set(), steps = []) {
    let used = 0
    let clean = true
    let fresh = await reset(where, steps)
    const path = steps.map((s) => `${s.key} > `).join('')
    for (const { key, name } of await page.evaluate((w) => tried.list(w), within)) {
      if (known.has(path + key)) continue
      known.add(path + key)
      const said = steps.map((s) => `${s.name} > `).join('') + name
      try {
        if (!clean) fresh = await reset(where, steps)
        clean = false
        let control = await aim(within, key)
        if (!control) continue
        used++
        let came = await outcome(control)
        // One used before may have spoilt it.
        if (came.dead && !fresh && (await reset(where, steps, true)) && (control = await aim(within, key))) came = await outcome(control)
        if (came.dead) dead.push(`${said}: nothing comes of it`)
        for (const change of escaped.splice(0)) dead.push(`${said}: ${change} got to the server`)
        // What it opened is gone through too, once.
        const into = came.fresh[0]
        if (into && steps.length < 2 && !known.has(`${into} ${key}`)) {
          known.add(`${into} ${key}`)
          used += await tryAll(where, into, dead, known, [...steps, { within, key, name }])
        } else clean = came.pure
        fresh = false
      } catch (fault) {
        dead.push(`${said}: cannot be used: ${String(fault).split('\n').slice(0, 2).join(' ')}`)
      }
    }
    return used
  }
}
