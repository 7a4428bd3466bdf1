// The session ended while its person was at work: they sign in over the page, which stays as it is, and go on.
import { useState } from 'preact/hooks'
import { goOn, leave, me, send, whoami } from '../api'
import { useData } from '../data'
import { disconnect } from '../live'
import { Dialog } from './dialog'
import { Field, Form } from './form'

export function Lapsed() {
  const state = useData('auth/state')
  const [password, set] = useState('')
  const who = me.value
  const enter = async () => {
    await send('POST', 'auth/login', { email: who!.email, password, cookies: true })
    await whoami()
    goOn()
  }
  return (
    <Dialog title="Your session has ended">
      <p class="quiet">What you were doing is still here. Sign in again as {who?.email}, and go on.</p>
      <Form label="Sign in" send={enter}>
        {(fault) => (
          <Field label="Password" fault={fault('password')}>
            <input class="input" type="password" autocomplete="current-password" autofocus value={password} onInput={(e) => set(e.currentTarget.value)} />
          </Field>
        )}
      </Form>
      <div class="row" style={{ marginTop: '12px' }}>
        {state.data?.oidc && <a class="button" href="/api/v1/auth/oidc/start">Sign in with {state.data.oidc}</a>}
        <button type="button" class="link" onClick={() => { disconnect(); leave() }}>I am somebody else</button>
      </div>
    </Dialog>
  )
}
