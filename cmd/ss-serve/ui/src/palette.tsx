// Ctrl K and `/`: pages, actions, and what is found in payments, customers and cases.
import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { get } from './api'
import { Dialog } from './parts/dialog'
import { go } from './router'

export interface Command {
  name: string
  run: () => void
  keys?: string
}
export const commands = signal<Command[]>([])
export const paletteOpen = signal(false)

async function find(text: string, abort: AbortSignal): Promise<Command[]> {
  const none = () => ({ items: [] })
  const [payments, customers, cases] = await Promise.all([
    get('payments', { q: text, limit: 5 }, abort).catch(none),
    get('customers', { q: text, limit: 5 }, abort).catch(none),
    get('cases', { q: text, limit: 5 }, abort).catch(none),
  ])
  return [
    ...payments.items.map((p) => ({ name: `Payment ${p.txn_id}`, run: () => go(`/payments?open=${encodeURIComponent(p.txn_id)}`) })),
    ...customers.items.map((c) => ({ name: `Customer ${c.user_id}`, run: () => go(`/customers/${encodeURIComponent(c.user_id)}`) })),
    ...cases.items.map((c) => ({ name: `${c.number} ${c.title}`, run: () => go(`/cases/${c.id}`) })),
  ]
}

export function Palette() {
  const [text, setText] = useState('')
  const [found, setFound] = useState<Command[]>([])
  const [at, setAt] = useState(0)
  useEffect(() => {
    setAt(0)
    if (text.trim().length < 2) return setFound([])
    const abort = new AbortController()
    const timer = setTimeout(() => find(text.trim(), abort.signal).then(setFound, () => {}), 120)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [text])
  const close = () => (paletteOpen.value = false)
  const own = commands.value.filter((c) => c.name.toLowerCase().includes(text.trim().toLowerCase()))
  const all = [...found, ...own].slice(0, 14)
  const run = (command?: Command) => {
    if (!command) return
    close()
    command.run()
  }
  const key = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt((at + 1) % Math.max(1, all.length))
    else if (event.key === 'ArrowUp') setAt((at + all.length - 1) % Math.max(1, all.length))
    else if (event.key === 'Enter') run(all[at])
    else return
    event.preventDefault()
  }
  return (
    <Dialog title="Find or do" close={close}>
      <input
        class="input" autofocus role="combobox" aria-expanded="true" aria-controls="palette-list" aria-label="Search payments, customers, cases, pages"
        aria-activedescendant={all[at] ? `palette-${at}` : undefined}
        placeholder="Search payments, customers, cases, pages" value={text}
        onInput={(e) => setText((e.target as HTMLInputElement).value)} onKeyDown={key}
      />
      <ul id="palette-list" role="listbox" aria-label="Found" style={{ marginTop: '8px' }}>
        {all.map((c, i) => (
          <li key={c.name} id={`palette-${i}`} role="option" aria-selected={i === at} class="palette-item" onClick={() => run(c)}>
            <span class="clip grow">{c.name}</span>
            {c.keys && <kbd>{c.keys}</kbd>}
          </li>
        ))}
        {!all.length && <li class="quiet" style={{ padding: '8px' }}>Nothing of that name.</li>}
      </ul>
    </Dialog>
  )
}
