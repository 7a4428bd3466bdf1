import { useState } from 'preact/hooks'
import { send } from '../api'
import { useData } from '../data'
import { useHeading } from '../frame'
import { copy } from '../parts/copy'
import { Dialog } from '../parts/dialog'
import { Field, Form } from '../parts/form'
import { asList, SimpleTable } from '../parts/simple-table'
import { toast } from '../parts/toast'
import { When } from '../parts/when'

function Add({ close, done }: { close: () => void; done: (key: string) => void }) {
  const known = useData('keys/scopes')
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<string[]>(['payments:write', 'score'])
  const words = known.data?.items ?? []
  return (
    <Dialog title="A new API key" close={close}>
      <Form label="Create" cancel={close} send={async () => done((await send('POST', 'keys', { name, role: 'service', scopes })).key ?? '')}>
        {(fault) => (
          <>
            <Field label="Name" fault={fault('name')} hint="who or what will use it"><input class="input" autofocus value={name} onInput={(e) => setName(e.currentTarget.value)} /></Field>
            <fieldset class="stack" style={{ border: 0, padding: 0, margin: 0 }}>
              <legend class="quiet small">It may</legend>
              {words.map((word) => (
                <label key={word} class="row">
                  <input type="checkbox" checked={scopes.includes(word)} onChange={(e) => setScopes(e.currentTarget.checked ? [...scopes, word] : scopes.filter((s) => s !== word))} /> {word}
                </label>
              ))}
              {fault('scopes') && <span class="bad small">Scopes {fault('scopes')}</span>}
            </fieldset>
          </>
        )}
      </Form>
    </Dialog>
  )
}

export default function Keys() {
  const keys = useData('keys')
  const [adding, add] = useState(false)
  const [made, show] = useState<string | null>(null)
  useHeading('API keys', <button type="button" class="button main" onClick={() => add(true)}>New key</button>)
  return (
    <div class="stack far">
      <p class="quiet">Programs sign in with a key: <code>curl -H 'Authorization: Bearer ss_…' {location.origin}/api/v1/payments</code></p>
      <SimpleTable
        label="API keys" of={asList(keys)} id={(k) => k.id} empty="No keys yet."
        heads={[
          { title: 'Name', cell: (k) => k.name },
          { title: 'Role', cell: (k) => <span class="tag">{k.role}</span> },
          { title: 'May', cell: (k) => (Array.isArray(k.scopes) ? k.scopes.join(', ') : k.scopes) },
          { title: 'Made by', cell: (k) => k.created_by },
          { title: 'Made', cell: (k) => <When at={k.created} as="date" /> },
          { title: 'Last used', cell: (k) => <When at={k.used} as="ago" /> },
          { title: '', cell: (k) => (k.revoked ? <span class="tag bad">revoked</span> : <button type="button" class="button danger" onClick={() => send('DELETE', `keys/${k.id}`).then(() => { toast(`Key ${k.name} revoked`); keys.again() }, (f) => toast(f.message))}>Revoke</button>) },
        ]}
      />
      {adding && <Add close={() => add(false)} done={(key) => { add(false); show(key); keys.again() }} />}
      {made && (
        <Dialog title="The new key" close={() => show(null)}>
          <p class="quiet">Keep it where secrets are kept. It is not shown again.</p>
          <p class="row" style={{ margin: '12px 0' }}>
            <code class="grow" style={{ overflowWrap: 'anywhere' }}>{made}</code>
            <button type="button" class="button" onClick={() => copy(made)}>Copy</button>
          </p>
        </Dialog>
      )}
    </div>
  )
}
