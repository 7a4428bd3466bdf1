// The keyboard: pages and parts say which keys they know; `?` shows them all.
import { useLayoutEffect, useRef } from 'preact/hooks'
import { signal } from '@preact/signals'
import { keep, kept } from './kept'

export interface Key {
  /** 'j', 'Enter', '?', 'g o' (one after the other), 'mod+k' (Ctrl or Command) */
  key: string
  what: string
  run: (event: KeyboardEvent) => void
  /** Of a dialog: while it is open, the page under it hears no key. */
  alone?: boolean
}

export const known = signal<Key[]>([])
/** Keys of one letter can be turned off: who speaks to the browser, or has a cat, presses many by accident. */
export const letters = signal(kept('letters') !== 'off')
export function setLetters(on: boolean) {
  letters.value = on
  keep('letters', on ? null : 'off')
}
let before = ''
let beforeAt = 0

export function useKeys(keys: Key[]) {
  const now = useRef(keys)
  now.current = keys
  const names = keys.map((k) => k.key).join()
  // With what is shown, not a moment later: a key pressed at once must find it.
  useLayoutEffect(() => {
    const mine = now.current.map((k, i) => ({ ...k, run: (e: KeyboardEvent) => now.current[i]?.run(e) }))
    known.value = [...known.value, ...mine]
    return () => {
      known.value = known.value.filter((k) => !mine.includes(k))
    }
  }, [names])
}

function typing(target: EventTarget | null) {
  const element = target as HTMLElement | null
  // A box that is ticked takes no words: keys go on working after a row was chosen with the mouse.
  return !!element?.closest?.('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]')
}

/** What is printed on a Latin key, whatever the keyboard's language and Caps Lock make of it. */
function named(event: KeyboardEvent) {
  const { key, code, shiftKey } = event
  if (key.length === 1 && /^[^\x00-\x7f]$/.test(key) && /^Key[A-Z]$/.test(code)) return code.slice(3).toLowerCase()
  return key.length === 1 && !shiftKey ? key.toLowerCase() : key
}

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.altKey) return
  const mod = event.ctrlKey || event.metaKey
  const name = mod ? `mod+${named(event).toLowerCase()}` : named(event)
  if (typing(event.target) && !mod && event.key !== 'Escape') return
  if (name.length === 1 && !letters.value) return
  // Held down, a key leads on through a list; it does nothing many times.
  if (event.repeat && name !== 'j' && name !== 'k') return
  const pair = event.timeStamp - beforeAt < 900 ? `${before} ${name}` : ''
  // What was opened last knows best.
  const heard = known.value.slice(Math.max(0, known.value.findLastIndex((k) => k.alone)))
  const match = heard.findLast((k) => k.key === pair) ?? heard.findLast((k) => k.key === name)
  before = name
  beforeAt = event.timeStamp
  if (!match) return
  if (name === ' ' && (event.target as HTMLElement).closest?.('button, a, summary, input')) return
  if (name === 'Enter' && (event.target as HTMLElement).closest?.('button, a, summary')) return
  event.preventDefault()
  before = ''
  match.run(event)
})
