// Whether every control that is shown can be used by whoever is there: it has a name, the keyboard reaches it, it lies
// where it can be seen or scrolled to, nothing covers it, and a finger hits it (WCAG 2.2, 2.5.8).

/** In the page: a sentence for each fault. */
function look() {
  const CONTROLS = 'a[href], button, input, select, textarea, summary, [role=option]'
  const shown = (e) => e.checkVisibility({ checkVisibilityCSS: true }) && !e.closest('[aria-hidden=true], .toasts') && !e.matches('.skip, .skip *')
  const said = (e) => `${e.tagName.toLowerCase()}${e.className && typeof e.className === 'string' ? `.${e.className.trim().replace(/\s+/g, '.')}` : ''} '${(e.ariaLabel ?? e.innerText ?? '').trim().slice(0, 30)}'`
  /** What a finger aims at: of a box that is ticked, its label too. */
  const aim = (e) => (e.matches('input[type=checkbox], input[type=radio], .visually-hidden') ? e.closest('label') : null) ?? e
  const name = (e) => (e.ariaLabel || [...(e.labels ?? [])].map((l) => l.innerText).join(' ') || e.title || e.innerText || e.textContent || e.placeholder || '').trim()
  const scrolls = (e, way) => /auto|scroll/.test(getComputedStyle(e)[`overflow${way}`])
  /** The part of the window that an element can be seen through now, and whether scrolling brings it there. */
  function window_of(e) {
    let [left, top, right, bottom] = [0, 0, innerWidth, innerHeight]
    let [x, y] = [false, false]
    for (let up = e.parentElement; up && getComputedStyle(e).position !== 'fixed'; up = up.parentElement) {
      const box = up.getBoundingClientRect()
      if (getComputedStyle(up).overflowX !== 'visible') {
        ;[left, right] = [Math.max(left, box.left), Math.min(right, box.right)]
        ;[top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)]
      }
      x ||= scrolls(up, 'X') && up.scrollWidth > up.clientWidth
      y ||= scrolls(up, 'Y') && up.scrollHeight > up.clientHeight
      if (getComputedStyle(up).position === 'fixed') break
    }
    return { left, top, right, bottom, x, y }
  }
  const inline = (e) => getComputedStyle(e).display === 'inline' && e.parentElement && [...e.parentElement.childNodes].some((n) => n !== e && n.textContent.trim())
  const all = [...document.querySelectorAll(CONTROLS)].filter(shown)
  /** Where its middle is, and whether it is seen there now. */
  function lies(e) {
    const box = e.getBoundingClientRect()
    const [cx, cy] = [box.left + box.width / 2, box.top + box.height / 2]
    const seen = window_of(e)
    return { e, box, cx, cy, seen, outX: cx < seen.left || cx > seen.right, outY: cy < seen.top || cy > seen.bottom }
  }
  const targets = [...new Set(all.map(aim))].map(lies).filter((t) => t.box.width && t.box.height && !t.outX && !t.outY)
  const small = (box) => box.width < 23.5 || box.height < 23.5
  /** A circle of 24 px about the middle of a small one meets no other. */
  function crowded({ e, cx, cy, seen }) {
    return targets.find((o) => {
      // What scrolls by itself can be moved away from what lies beside it.
      if (['left', 'top', 'right', 'bottom'].some((side) => o.seen[side] !== seen[side])) return false
      if (o.e === e || o.e.contains(e) || e.contains(o.e)) return false
      const to = small(o.box) ? Math.hypot(o.cx - cx, o.cy - cy) - 12 : Math.hypot(Math.max(o.box.left - cx, 0, cx - o.box.right), Math.max(o.box.top - cy, 0, cy - o.box.bottom))
      return to < 11.5
    })
  }
  const faults = []
  for (const e of all) {
    if (!name(e)) faults.push(`${said(e)} has no name`)
    if (!e.disabled && e.tabIndex < 0 && !e.closest('[role=listbox], [role=radiogroup]')) faults.push(`${said(e)} is not reached by the keyboard`)
    const target = aim(e)
    const at = lies(target)
    const { box, cx, cy, seen, outX, outY } = at
    if (!box.width || !box.height) continue
    if ((outX && !seen.x) || (outY && !seen.y)) faults.push(`${said(e)} lies where nobody sees it (${Math.round(cx)}, ${Math.round(cy)} of ${innerWidth} x ${innerHeight})`)
    if (!outX && !outY) {
      const top = document.elementFromPoint(cx, cy)
      if (top && !target.contains(top) && !top.contains(target) && !top.closest('.toasts, thead')) faults.push(`${said(e)} is covered by ${said(top)}`)
    }
    if (small(box) && !outX && !outY && !inline(target)) {
      const other = crowded(at)
      if (other) faults.push(`${said(e)} is ${Math.round(box.width)} x ${Math.round(box.height)} px, and ${said(other.e)} too near`)
    }
  }
  return [...new Set(faults)]
}

export async function usable(page) {
  // A page that has just changed its size may need a moment to come to rest.
  let faults = await page.evaluate(look)
  for (const end = Date.now() + 3000; faults.length && Date.now() < end; faults = await page.evaluate(look)) await page.waitForTimeout(50)
  if (faults.length) throw new Error(`controls:\n${faults.slice(0, 12).join('\n')}`)
}
