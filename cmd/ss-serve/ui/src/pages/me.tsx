import { useState } from 'preact/hooks'
import { me, send, whoami } from '../api'
import { useData } from '../data'
import { useHeading } from '../frame'
import { browserName } from '../format'
import { chosenTheme, setTheme } from '../parts/chart'
import { Choice, Field, Form } from '../parts/form'
import { asList, SimpleTable } from '../parts/simple-table'
import { density, setDensity } from '../parts/table'
import { toast } from '../parts/toast'
import { When } from '../parts/when'

export default function Me() {
  useHeading('Your account')
  const sessions = useData('auth/sessions')
  const [name, setName] = useState(me.value?.name ?? '')
  const [before, setBefore] = useState('')
  const [after, setAfter] = useState('')
  const end = (id: string) => send('DELETE', `auth/sessions/${id}`).then(() => { toast('Session ended'); sessions.again() }, (f) => toast(f.message))
  return (
    <div class="grid">
      <section class="card w4 stack far">
        <header><h2>{me.value?.email}</h2><span class="tag">{me.value?.role}</span></header>
        <Form label="Save" send={async () => { await send('PATCH', 'auth/me', { name }); await whoami(); toast('Saved') }}>
          {(fault) => <Field label="Name" fault={fault('name')}><input class="input" autocomplete="name" value={name} onInput={(e) => setName(e.currentTarget.value)} /></Field>}
        </Form>
      </section>
      <section class="card w4">
        <header><h2>Password</h2></header>
        <Form label="Change it" send={async () => { await send('POST', 'auth/password', { current: before, new: after }); setBefore(''); setAfter(''); toast('Password changed; other sessions are ended'); sessions.again() }}>
          {(fault) => (
            <>
              <Field label="Present password" fault={fault('current')}><input class="input" type="password" autocomplete="current-password" value={before} onInput={(e) => setBefore(e.currentTarget.value)} /></Field>
              <Field label="New password" fault={fault('new')}><input class="input" type="password" autocomplete="new-password" value={after} onInput={(e) => setAfter(e.currentTarget.value)} /></Field>
            </>
          )}
        </Form>
      </section>
      <section class="card w4 stack far">
        <header><h2>How it looks here</h2></header>
        <Choice label="Theme" value={chosenTheme.value} options={[['light', 'Light'], ['dark', 'Dark'], ['system', 'As the system']]} change={setTheme} />
        <Choice label="Rows" value={density.value} options={[['dense', 'Dense rows'], ['roomy', 'Roomy rows']]} change={setDensity} />
      </section>
      <div class="w12">
        <SimpleTable
          label="Where you are signed in" of={asList(sessions)} id={(s) => s.id} empty="No sessions."
          heads={[
            { title: 'Browser', cell: (s) => <><span title={s.agent ?? undefined}>{browserName(s.agent)}</span> {s.current && <span class="tag good">this one</span>}</> },
            { title: 'Address', cell: (s) => s.address },
            { title: 'Since', cell: (s) => <When at={s.created} /> },
            { title: 'Last used', cell: (s) => <When at={s.used} as="ago" /> },
            { title: '', cell: (s) => !s.current && <button type="button" class="button danger" onClick={() => end(s.id)}>End</button> },
          ]}
        />
      </div>
    </div>
  )
}
