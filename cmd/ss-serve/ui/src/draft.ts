// What was typed and not sent yet: it is there again when its place is opened again, until it is sent or its person
// leaves.
import { useEffect, useState } from 'preact/hooks'
import { effect } from '@preact/signals'
import { me } from './api'

interface Draft {
  text: string
  /** What it was begun from. */
  from: string
}
const drafts = new Map<string, Draft>()
effect(() => {
  if (!me.value) drafts.clear()
})
// The browser asks before a tab with something unsent is closed.
addEventListener('beforeunload', (event) => drafts.size && event.preventDefault())

/** The text of one place, beginning with `first`, and with what that becomes as long as nobody has typed. */
export function useDraft(name: string, first = '') {
  const [now, show] = useState<Draft>(() => drafts.get(name) ?? { text: first, from: first })
  const keep = (next: Draft) => {
    next.text === next.from ? drafts.delete(name) : drafts.set(name, next)
    show(next)
  }
  useEffect(() => {
    if (!drafts.has(name)) show({ text: first, from: first })
  }, [first])
  return {
    ...now,
    set: (text: string) => keep({ text, from: now.from }),
    /** The same text, as a change of something else. */
    rebase: (from: string) => keep({ text: now.text, from }),
    /** Sent, or not wanted: it begins again. */
    drop: () => keep({ text: first, from: first }),
  }
}
