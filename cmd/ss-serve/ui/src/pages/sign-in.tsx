import { useState } from 'preact/hooks'
import { me, send, whoami } from '../api'
import { useData } from '../data'
import { Field, Form } from '../parts/form'
import { Mark } from '../parts/icons'
import { Fault, Skeleton } from '../parts/states'
import type { Answer } from '../contract'
import { query } from '../router'

type State = Answer<'auth/state'>
type Way = 'sign-in' | 'setup' | 'register'

/** What came along behind the address's #: it never reaches a server, a log or another site. */
const brought = new URLSearchParams(location.hash.slice(1))

function useText(first = '') {
  const [value, set] = useState(first)
  return { value, onInput: (e: { currentTarget: HTMLInputElement }) => set(e.currentTarget.value) }
}

/** Why a sign-in with an account elsewhere came to nothing: the server's words for it (?refused=). */
const REFUSED: Record<string, string> = {
  begin_again: 'That sign-in was begun elsewhere, or too long ago. Please begin again.',
  denied: 'The other side did not let you in.',
  away: 'The other side cannot be reached just now. Please try again in a moment.',
  no_email: 'The other side names no email address of yours.',
  other_account: 'There is an account with your email that signs in with a password.',
  no_account: 'There is no account for you here. Please ask an administrator.',
  no_role: 'Nothing that the other side says of you makes you a user here. Please ask an administrator.',
  closed: 'Your account here is closed.',
}

/** One card for the three ways in: sign in, make the first account, take an invitation. */
function Card({ state, way, turn }: { state: State; way: Way; turn: (way: Way) => void }) {
  const email = useText()
  const password = useText()
  const name = useText()
  const word = useText(brought.get('token') ?? brought.get('invite') ?? '')
  const [waits, wait] = useState('')
  const enter = async () => {
    const who = { email: email.value, password: password.value, cookies: true }
    if (way === 'setup') await send('POST', 'auth/setup', { token: word.value.trim(), name: name.value, ...who })
    if (way === 'register') {
      const made = await send('POST', 'auth/register', { invite: word.value.trim() || undefined, name: name.value, ...who })
      if (made && 'detail' in made) return wait(String(made.detail))
    }
    if (way === 'sign-in') await send('POST', 'auth/login', who)
    await whoami()
    // What was brought has been used; a refusal is past.
    history.replaceState(null, '', location.pathname === '/sign-in' ? '/' : location.pathname + (query.value.has('refused') ? '' : location.search))
    dispatchEvent(new PopStateEvent('popstate'))
  }
  const refused = query.value.get('refused')
  const title = way === 'setup' ? 'The first account' : way === 'register' ? 'Make an account' : 'Sign in'
  if (waits) {
    return (
      <div class="card stack far" role="status">
        <h1>Thank you</h1>
        <p>{waits}</p>
        <button type="button" class="link" onClick={() => { wait(''); turn('sign-in') }}>Sign in</button>
      </div>
    )
  }
  return (
    <div class="card stack far">
      <h1>{title}</h1>
      {refused && way === 'sign-in' && <p class="fault" role="alert">{REFUSED[refused] ?? 'The other sign-in ended without letting you in.'}</p>}
      {way === 'setup' && <p class="quiet">{brought.has('token') ? 'Nobody can sign in yet. You have the setup token: choose how you will sign in, and you are the first administrator.' : 'Nobody can sign in yet. The server printed a setup token when it started; whoever has it becomes the first administrator.'}</p>}
      <Form send={enter} label={way === 'sign-in' ? 'Sign in' : 'Make the account'}>
        {(fault) => (
          <>
            {way === 'setup' && (
              <Field label="Setup token" fault={fault('token')}>
                <input class="input mono" autofocus={!word.value} autocomplete="off" {...word} />
              </Field>
            )}
            {way === 'register' && state.registration === 'invite' && (
              <Field label="Invitation" fault={fault('invite')}>
                <input class="input mono" autofocus autocomplete="off" {...word} />
              </Field>
            )}
            <Field label="Email" fault={fault('email')}>
              <input class="input" type="email" autocomplete="username" autofocus={way === 'sign-in' || brought.has('token')} {...email} />
            </Field>
            {way !== 'sign-in' && (
              <Field label="Name" fault={fault('name')}>
                <input class="input" autocomplete="name" {...name} />
              </Field>
            )}
            <Field label="Password" fault={fault('password')} hint={way === 'sign-in' ? undefined : `at least ${state.password_min} characters; a sentence is fine`}>
              <input class="input" type="password" autocomplete={way === 'sign-in' ? 'current-password' : 'new-password'} {...password} />
            </Field>
          </>
        )}
      </Form>
      {state.oidc && way === 'sign-in' && <a class="button" href="/api/v1/auth/oidc/start">Sign in with {state.oidc}</a>}
      {!state.setup && way === 'sign-in' && state.registration !== 'off' && (
        <button type="button" class="link" onClick={() => turn('register')}>{state.registration === 'invite' ? 'I have an invitation' : 'Make an account'}</button>
      )}
      {way === 'register' && <button type="button" class="link" onClick={() => turn('sign-in')}>I have an account</button>}
    </div>
  )
}

/** The first sign-in with a password that somebody else made. */
function NewPassword({ least }: { least: number }) {
  const before = useText()
  const after = useText()
  const change = async () => {
    await send('POST', 'auth/password', { current: before.value, new: after.value })
    await whoami()
  }
  return (
    <div class="card stack far">
      <h1>Choose a password of your own</h1>
      <p class="quiet">Somebody else made the one you signed in with.</p>
      <Form send={change} label="Go on">
        {(fault) => (
          <>
            <Field label="Present password" fault={fault('current')}>
              <input class="input" type="password" autofocus autocomplete="current-password" {...before} />
            </Field>
            <Field label="New password" fault={fault('new')} hint={`at least ${least} characters; a sentence is fine`}>
              <input class="input" type="password" autocomplete="new-password" {...after} />
            </Field>
          </>
        )}
      </Form>
    </div>
  )
}

export default function SignIn() {
  const { data, fault, again } = useData('auth/state')
  const [turned, turn] = useState<Way | null>(brought.has('invite') ? 'register' : null)
  document.title = 'Sign in · Sentinel Stream'
  return (
    <main class="alone">
      <p class="brand"><Mark /> <span>Sentinel Stream</span></p>
      {fault && <div class="card"><Fault fault={fault} again={again} /></div>}
      {!data && !fault && <div class="card"><Skeleton lines={5} height={24} /></div>}
      {data && me.value?.must_change && <NewPassword least={data.password_min} />}
      {data && !me.value && <Card state={data} way={data.setup ? 'setup' : (turned ?? 'sign-in')} turn={turn} />}
    </main>
  )
}
