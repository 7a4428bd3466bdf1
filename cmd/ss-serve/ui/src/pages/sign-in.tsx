import { useState } from 'preact/hooks'
import { send, whoami } from '../api'
import { Field, Form } from '../parts/form'

export default function SignIn() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const signIn = async () => {
    await send('POST', 'auth/login', { email, password })
    await whoami()
  }
  return (
    <main class="alone">
      <div class="card stack far">
        <h1>Sign in to Sentinel Stream</h1>
        <Form send={signIn} label="Sign in">
          {(fault) => (
            <>
              <Field label="Email" fault={fault('email')}>
                <input class="input" type="email" autocomplete="username" required value={email} onInput={(e) => setEmail(e.currentTarget.value)} />
              </Field>
              <Field label="Password" fault={fault('password')}>
                <input class="input" type="password" autocomplete="current-password" required value={password} onInput={(e) => setPassword(e.currentTarget.value)} />
              </Field>
            </>
          )}
        </Form>
      </div>
    </main>
  )
}
