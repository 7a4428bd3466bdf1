import { useState } from 'preact/hooks'
import { may, send, url } from '../api'
import { useData, useList } from '../data'
import { count, words } from '../format'
import { useHeading } from '../frame'
import { Dialog } from '../parts/dialog'
import { Field, Find, Form } from '../parts/form'
import { asList, SimpleTable } from '../parts/simple-table'
import { Empty, Fault } from '../parts/states'
import { toast } from '../parts/toast'
import { When } from '../parts/when'
import type { Schema } from '../contract'
import { go, parts, query } from '../router'

type Kind = Schema<'List'>['kind']
type Entry = Schema<'ListEntry'>
const KINDS: Record<Kind, string> = { exact: 'the same text', prefix: 'begins with it', cidr: 'addresses of a network', email_domain: "an email's domain" }

/** Of a day where its person is: an entry is good until that day is over. */
const lastMoment = (day: string) => new Date(`${day}T23:59:59`).toISOString()

function NewList({ close }: { close: () => void }) {
  const [is, set] = useState<{ name: string; kind: Kind; description: string }>({ name: '', kind: 'exact', description: '' })
  return (
    <Dialog title="A new list" close={close}>
      <Form label="Create" cancel={close} send={async () => { await send('POST', 'lists', is); close(); go(`/lists/${is.name}`) }}>
        {(fault) => (
          <>
            <Field label="Name" fault={fault('name')} hint="as rules call it: bad_devices"><input class="input mono" autofocus value={is.name} onInput={(e) => set({ ...is, name: e.currentTarget.value })} /></Field>
            <Field label="An entry means" fault={fault('kind')}>
              <select class="input" value={is.kind} onChange={(e) => set({ ...is, kind: e.currentTarget.value as Kind })}>{Object.entries(KINDS).map(([k, t]) => <option key={k} value={k}>{k}: {t}</option>)}</select>
            </Field>
            <Field label="What it is for" fault={fault('description')}><input class="input" value={is.description} onInput={(e) => set({ ...is, description: e.currentTarget.value })} /></Field>
          </>
        )}
      </Form>
    </Dialog>
  )
}

function One({ name }: { name: string }) {
  const q = query.value.get('q')
  const about = useData(`lists/${encodeURIComponent(name)}`)
  const list = useList(may('analyst') ? `lists/${encodeURIComponent(name)}/entries` : null, { prefix: q, limit: 200 })
  const [is, set] = useState({ value: '', reason: '', until: '' })
  const path = `lists/${encodeURIComponent(name)}` as const
  useHeading(name, <a class="button" href="/lists">All lists</a>)
  const again = () => {
    list.again()
    about.again()
  }
  const add = async () => {
    await send('POST', `${path}/entries`, { value: is.value, reason: is.reason || undefined, until: is.until ? lastMoment(is.until) : undefined })
    toast(`${is.value} is on the list, and counts from the next payment on`)
    set({ value: '', reason: '', until: '' })
    again()
  }
  const remove = (e: Entry) =>
    send('DELETE', `${path}/entries/${encodeURIComponent(e.value)}`).then(() => { again(); toast(`${e.value} removed`, () => void send('POST', `${path}/entries`, { value: e.value, reason: e.reason ?? undefined, until: e.until ?? undefined }).then(again)) }, (f) => toast(f.message))
  const bring = async (files: FileList | null) => {
    const file = files?.[0]
    if (!file) return
    const type = file.name.endsWith('.csv') ? 'text/csv' : 'application/x-ndjson'
    await send('POST', `${path}/import`, new Blob([await file.text()], { type })).then((r) => { toast(`${count(r.added)} added, ${count(r.changed)} changed`); again() }, (f) => toast(f.message))
  }
  return (
    <div class="stack far">
      <Fault fault={about.fault} again={about.again} />
      {about.data && <p class="quiet">{about.data.description || 'No description.'} · {KINDS[about.data.kind]} · {about.data.entries === 1 ? '1 entry' : `${count(about.data.entries)} entries`} · version {about.data.version} {about.data.in_rules === false && <span class="tag">no rule asks it</span>}</p>}
      {may('analyst') && (
        <section class="card">
          <Form label="Add" send={add}>
            {(fault) => (
              <div class="row wrap" style={{ alignItems: 'flex-start' }}>
                <Field label="Value" fault={fault('value')}><input class="input" value={is.value} onInput={(e) => set({ ...is, value: e.currentTarget.value })} /></Field>
                <div class="grow"><Field label="Reason" fault={fault('reason')}><input class="input" value={is.reason} onInput={(e) => set({ ...is, reason: e.currentTarget.value })} /></Field></div>
                <Field label="Until" fault={fault('until')}><input class="input" type="date" value={is.until} onInput={(e) => set({ ...is, until: e.currentTarget.value })} /></Field>
              </div>
            )}
          </Form>
        </section>
      )}
      {!may('analyst') && <Empty>An analyst may see what is on the list.</Empty>}
      {may('analyst') && <><div class="row wrap">
        <Find name="q" width={220} label="Find a value" placeholder="Value begins with" />
        <span class="grow" />
        <label class="button">Import CSV or NDJSON<input class="visually-hidden" type="file" accept=".csv,.ndjson,.json" onChange={(e) => bring(e.currentTarget.files)} /></label>
        <a class="button" href={url(`${path}/export`, { format: 'csv' })} download={`${name}.csv`}>Export</a>
      </div>
      <SimpleTable
        label={`Entries of ${name}`} of={list} id={(e) => e.value} empty={<Empty>{q ? 'No entry begins with this.' : 'Nothing is on this list yet.'}</Empty>}
        heads={[
          { title: 'Value', cell: (e) => <code>{e.value}</code> },
          { title: 'Reason', cell: (e) => e.reason },
          { title: 'From', cell: (e) => <When at={e.from} as="date" /> },
          { title: 'Until', cell: (e) => (e.until ? <When at={e.until} as="date" /> : 'for ever') },
          { title: 'Added', cell: (e) => <><When at={e.added_at} as="ago" /> by {e.added_by}</> },
          { title: '', cell: (e) => <button type="button" class="button danger" onClick={() => remove(e)}>Remove</button> },
        ]}
      /></>}
    </div>
  )
}

function All() {
  const lists = useData('lists')
  const [making, make] = useState(false)
  useHeading('Lists', may('analyst') && <button type="button" class="button" onClick={() => make(true)}>New list</button>)
  return (
    <>
      <SimpleTable
        label="Lists" of={asList(lists)} id={(l) => l.name} open={(l) => go(`/lists/${encodeURIComponent(l.name)}`)} empty={<Empty>A list holds what rules ask for: blocked devices, trusted customers. Make the first one.</Empty>}
        heads={[
          { title: 'Name', cell: (l) => <a class="link" href={`/lists/${encodeURIComponent(l.name)}`}>{l.name}</a> },
          { title: 'Kind', cell: (l) => words(l.kind) },
          { title: 'What it is for', cell: (l) => l.description },
          { title: 'Entries', number: true, cell: (l) => count(l.entries) },
          { title: 'Changed', cell: (l) => <When at={l.updated_at} as="ago" /> },
        ]}
      />
      {making && <NewList close={() => make(false)} />}
    </>
  )
}

export default function Lists() {
  const name = parts.value[1]
  return name ? <One key={name} name={name} /> : <All />
}
