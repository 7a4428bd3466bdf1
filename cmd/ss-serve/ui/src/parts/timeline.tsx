// What happened in a case, and what people said: one list, newest first, with a box to add to it.
import { useEffect, useRef } from 'preact/hooks'
import { may, send } from '../api'
import { useList } from '../data'
import { useDraft } from '../draft'
import { amount, plain, words } from '../format'
import { useKeys } from '../keys'
import { TimelineItem } from '../types'
import { Fault } from './states'
import { toast } from './toast'
import { When } from './when'

function sentence(item: TimelineItem) {
  if (item.kind === 'comment') return item.content
  if (item.kind === 'evidence') return `Evidence: ${item.name}`
  if (item.kind === 'alert') return <a class="link" href={`/alerts?open=${encodeURIComponent(item.alert_id ?? '')}`}>Alert: {plain(item.reason) || 'no reason given'}, {amount(item.amount)}</a>
  const what = words(item.action ?? item.kind)
  const named = (value: string) => (/\d/.test(value) ? value : words(value))
  return item.old && item.new ? `${what}: ${named(item.old)} → ${named(item.new)}` : item.new ? `${what}: ${named(item.new)}` : what
}

/** Of a case, as it is at its `version`. */
export function Timeline({ id, version, changed }: { id: number; version: number; changed: () => void }) {
  const list = useList(`cases/${id}/timeline`, { limit: 100 })
  const note = useDraft(`note ${id}`)
  const box = useRef<HTMLInputElement>(null)
  useKeys([{ key: 'w', what: 'Write a note', run: () => box.current?.focus() }])
  const shown = useRef(version)
  useEffect(() => {
    if (shown.current !== version) list.again()
    shown.current = version
  }, [version])
  const add = (event: Event) => {
    event.preventDefault()
    const content = note.text.trim()
    if (!content) return
    send('POST', `cases/${id}/comments`, { content }).then(
      () => {
        note.drop()
        // The case is another version by now, which is read first: with it comes what is new here.
        changed()
      },
      (f) => toast(f.message),
    )
  }
  return (
    <section class="section">
      <h2>Notes and history</h2>
      {may('analyst') && (
        <form class="row" onSubmit={add}>
          <input ref={box} class="input" aria-label="Add a note; @name tells a colleague" placeholder="Add a note; @name tells a colleague" value={note.text} onInput={(e) => note.set(e.currentTarget.value)} />
          <button class="button" disabled={!note.text.trim()}>Add</button>
        </form>
      )}
      <Fault fault={list.fault} again={list.again} />
      <ol class="lines" style={{ marginTop: '8px' }}>
        {list.items.map((item, i) => (
          <li key={`${item.at}-${i}`} class={item.kind === 'comment' ? 'comment' : ''}>
            <div class="row between">
              <span>{sentence(item)}</span>
              <span class="quiet small"><When at={item.at} as="ago" /></span>
            </div>
            <div class="quiet small">{item.actor}{item.kind !== 'comment' && item.detail ? ` · ${item.detail}` : ''}</div>
          </li>
        ))}
      </ol>
      {list.more && <button type="button" class="button" onClick={list.more}>What was before</button>}
    </section>
  )
}
