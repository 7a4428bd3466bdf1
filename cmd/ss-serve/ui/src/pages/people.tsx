import { useState } from 'preact/hooks'
import { send } from '../api'
import { useData, useList } from '../data'
import { useHeading } from '../frame'
import { copy } from '../parts/copy'
import { Dialog } from '../parts/dialog'
import { Field, Find, Form } from '../parts/form'
import { asList, SimpleTable } from '../parts/simple-table'
import { toast } from '../parts/toast'
import { When } from '../parts/when'
import type { Schema } from '../contract'
import { query } from '../router'

type Person = Schema<'User'>
type Role = Person['role']
const ROLES: Role[] = ['viewer', 'analyst', 'admin']

function Role({ value, change }: { value: Role; change: (role: Role) => void }) {
  return (
    <select class="input" aria-label="Role" value={value} onChange={(e) => change(e.currentTarget.value as Role)}>
      {ROLES.map((r) => <option key={r} value={r}>{r}</option>)}
    </select>
  )
}

/** What is shown once: a new password, an invitation. */
function Once({ title, text, close }: { title: string; text: string; close: () => void }) {
  return (
    <Dialog title={title} close={close}>
      <p class="quiet">Pass it on by a way you trust. It is not shown again.</p>
      <p class="row" style={{ margin: '12px 0' }}>
        <code class="grow" style={{ overflowWrap: 'anywhere' }}>{text}</code>
        <button type="button" class="button" onClick={() => copy(text)}>Copy</button>
      </p>
    </Dialog>
  )
}

function Edit({ person, close, done, reveal }: { person: Person; close: () => void; done: () => void; reveal: (text: string) => void }) {
  const [is, set] = useState(person)
  const path = `users/${person.id}` as const
  return (
    <Dialog title={person.email} close={close}>
      <Form label="Save" cancel={close} send={async () => { await send('PATCH', path, { name: is.name, role: is.role, department: is.department || null, active: is.active }); toast('Saved'); done() }}>
        {(fault) => (
          <>
            <Field label="Name" fault={fault('name')}><input class="input" value={is.name} onInput={(e) => set({ ...is, name: e.currentTarget.value })} /></Field>
            <Field label="Role" fault={fault('role')}><Role value={is.role} change={(role) => set({ ...is, role })} /></Field>
            <Field label="Department" fault={fault('department')}><input class="input" value={is.department ?? ''} onInput={(e) => set({ ...is, department: e.currentTarget.value })} /></Field>
            <label class="row"><input type="checkbox" checked={is.active} onChange={(e) => set({ ...is, active: e.currentTarget.checked })} /> May sign in</label>
          </>
        )}
      </Form>
      <div class="row" style={{ marginTop: '14px' }}>
        <button type="button" class="button" onClick={() => send('POST', `${path}/password`, {}).then((a) => { close(); reveal(a.password) }, (f) => toast(f.message))}>New password</button>
        <button type="button" class="button" onClick={() => send('DELETE', `${path}/sessions`).then(() => toast('Signed out everywhere'), (f) => toast(f.message))}>Sign out everywhere</button>
        {person.locked_until && <button type="button" class="button" onClick={() => send('PATCH', path, { locked: false }).then(() => { toast('Unlocked'); done() }, (f) => toast(f.message))}>Unlock</button>}
      </div>
    </Dialog>
  )
}

function Add({ close, done, reveal }: { close: () => void; done: () => void; reveal: (title: string, text: string) => void }) {
  const [is, set] = useState<{ email: string; name: string; role: Role }>({ email: '', name: '', role: 'analyst' })
  const create = async () => {
    const made = await send('POST', 'users', is)
    done()
    close()
    reveal(`Password of ${is.email}`, made.password ?? '')
  }
  return (
    <Dialog title="A new account" close={close}>
      <Form label="Create" cancel={close} send={create}>
        {(fault) => (
          <>
            <Field label="Email" fault={fault('email')}><input class="input" type="email" autofocus value={is.email} onInput={(e) => set({ ...is, email: e.currentTarget.value })} /></Field>
            <Field label="Name" fault={fault('name')}><input class="input" value={is.name} onInput={(e) => set({ ...is, name: e.currentTarget.value })} /></Field>
            <Field label="Role" fault={fault('role')}><Role value={is.role} change={(role) => set({ ...is, role })} /></Field>
          </>
        )}
      </Form>
    </Dialog>
  )
}

export default function People() {
  const people = useList('users', { q: query.value.get('q'), limit: 200 })
  const invites = useData('invites')
  const [adding, add] = useState(false)
  const [editing, edit] = useState<Person | null>(null)
  const [once, reveal] = useState<{ title: string; text: string } | null>(null)
  const [role, setRole] = useState<Role>('analyst')
  useHeading('People', <button type="button" class="button main" onClick={() => add(true)}>New account</button>)
  const invite = () =>
    send('POST', 'invites', { role }).then((made) => { invites.again(); reveal({ title: 'Invitation', text: `${location.origin}/#invite=${made.invite}` }) }, (f) => toast(f.message))
  return (
    <div class="stack far">
      <div class="row"><Find name="q" width={240} label="Find a person" placeholder="Part of a name or an email" /></div>
      <SimpleTable
        label="People" of={people} id={(p) => p.id} open={edit} empty="Nobody of that name."
        heads={[
          { title: 'Email', cell: (p) => <button type="button" class="link" onClick={() => edit(p)}>{p.email}</button> },
          { title: 'Name', cell: (p) => p.name },
          { title: 'Role', cell: (p) => <span class="tag">{p.role}</span> },
          { title: 'Department', cell: (p) => p.department },
          { title: 'State', cell: (p) => (!p.active ? <span class="tag bad">off</span> : p.locked_until ? <span class="tag bad">locked</span> : <span class="tag good">active</span>) },
          { title: 'Last sign-in', cell: (p) => <When at={p.last_login} as="ago" /> },
        ]}
      />
      <div class="row">
        <h2 class="grow">Invitations</h2>
        <div style={{ width: '120px' }}><Role value={role} change={setRole} /></div>
        <button type="button" class="button" onClick={invite}>Invite</button>
      </div>
      <SimpleTable
        label="Invitations" of={asList(invites)} id={(i) => i.id} empty="No open invitations."
        heads={[
          { title: 'For', cell: (i) => i.email ?? 'whoever has it' },
          { title: 'Role', cell: (i) => <span class="tag">{i.role}</span> },
          { title: 'Until', cell: (i) => <When at={i.expires} /> },
          { title: '', cell: (i) => <button type="button" class="button danger" onClick={() => send('DELETE', `invites/${i.id}`).then(invites.again, (f) => toast(f.message))}>Take back</button> },
        ]}
      />
      {adding && <Add close={() => add(false)} done={people.again} reveal={(title, text) => reveal({ title, text })} />}
      {editing && <Edit person={editing} close={() => edit(null)} done={() => { edit(null); people.again() }} reveal={(text) => reveal({ title: 'New password', text })} />}
      {once && <Once {...once} close={() => reveal(null)} />}
    </div>
  )
}
