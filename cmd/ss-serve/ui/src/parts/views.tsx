// Saved views: the filters of a page under a name, kept for the person on the server.
import { useState } from 'preact/hooks'
import { send } from '../api'
import { useData } from '../data'
import { go, path, query } from '../router'
import { Dialog } from './dialog'
import { Field, Form } from './form'
import { Menu } from './menu'
import { toast } from './toast'

type Kept = Record<string, string>

export function Views({ name }: { name: string }) {
  const key = `auth/me/preferences/views.${name}` as const
  const { data, again } = useData('auth/me/preferences')
  const [naming, setNaming] = useState(false)
  const [title, setTitle] = useState('')
  const views: Kept = (data?.items.find((i) => i.key === `views.${name}`)?.value as Kept | undefined) ?? {}
  const keep = (next: Kept) => send('PUT', key, next).then(again)
  const now = () => {
    const words = new URLSearchParams(query.value)
    words.delete('open')
    return words.toString()
  }
  const drop = (view: string) => {
    const { [view]: gone, ...rest } = views
    const failed = (f: Error) => toast(f.message)
    void keep(rest).then(() => toast(`View ${view} removed`, () => void keep({ ...rest, [view]: gone }).catch(failed)), failed)
  }
  return (
    <>
      <Menu label="Views">
        <button type="button" onClick={() => go(path.value)}>Everything</button>
        {Object.entries(views).map(([view, words]) => (
          <button key={view} type="button" onClick={() => go(`${path.value}?${words}`)}>{view}</button>
        ))}
        <button type="button" onClick={() => setNaming(true)}>Save this view…</button>
        {Object.keys(views).map((view) => (
          <button key={`-${view}`} type="button" class="danger" onClick={() => drop(view)}>Remove {view}</button>
        ))}
      </Menu>
      {naming && (
        <Dialog title="Save this view" close={() => setNaming(false)}>
          <Form label="Save" cancel={() => setNaming(false)} send={async () => { await keep({ ...views, [title.trim() || 'My view']: now() }); setNaming(false) }}>
            {(fault) => (
              <Field label="Name" fault={fault('value')}>
                <input class="input" autofocus value={title} onInput={(e) => setTitle(e.currentTarget.value)} />
              </Field>
            )}
          </Form>
        </Dialog>
      )}
    </>
  )
}
