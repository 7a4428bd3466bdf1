import { toast } from './toast'

/** The old way, for pages that do not come over TLS: browsers keep the new one from those. */
function select(text: string) {
  const before = document.activeElement as HTMLElement | null
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'visually-hidden'
  ;(before?.closest('.dialog') ?? document.body).append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  before?.focus()
  return done
}

export async function copy(text: string, said = 'Copied') {
  const done = await (navigator.clipboard?.writeText(text).then(() => true, () => select(text)) ?? select(text))
  toast(done ? said : 'This browser lets no page copy: mark it with the mouse, and Ctrl C.')
}
