// Where we are, in the address: a path, and filters as its query, so that every view can be sent as a link.
import { computed, signal } from '@preact/signals'

export const path = signal(location.pathname)
export const query = signal(new URLSearchParams(location.search))

function read() {
  path.value = location.pathname
  query.value = new URLSearchParams(location.search)
}
/** Whether the newest address was come back to: a list then stands as it was left. */
export let returned = false
// Entries made here are known by their state.
if (!history.state) history.replaceState({ ours: true }, '')
addEventListener('popstate', (event) => {
  returned = !!event.state?.ours
  read()
})

export function go(to: string, replace = false) {
  returned = false
  history[replace ? 'replaceState' : 'pushState']({ ours: true }, '', to)
  read()
}

/** Changes some filters; empty ones leave the address. */
export function filter(changes: Record<string, string | null | undefined>, replace = true) {
  const next = new URLSearchParams(query.value)
  for (const [name, value] of Object.entries(changes)) value ? next.set(name, value) : next.delete(name)
  const text = next.toString()
  go(path.value + (text ? `?${text}` : ''), replace)
}

/** Opens something beside what is shown. Going back closes it; going on to the next leaves no trace of each. */
export function openBeside(id: string) {
  filter({ open: id }, query.value.has('open'))
}

/** As it stands where it cannot be read: an address may have been cut, or typed. */
function plain(part: string) {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
export const parts = computed(() => path.value.split('/').filter(Boolean).map(plain))

/** Links inside the page go without a reload; others, and those with a modifier, as always. */
addEventListener('click', (event) => {
  const link = (event.target as Element).closest?.('a[href^="/"]') as HTMLAnchorElement | null
  if (!link || link.target || link.download || event.defaultPrevented || event.button) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || link.pathname.startsWith('/api/')) return
  event.preventDefault()
  go(link.pathname + link.search)
})
