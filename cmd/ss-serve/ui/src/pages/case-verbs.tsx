// What can be done to a case, by one press or with a dialog.
import { me, send, url } from '../api'
import type { Body } from '../contract'
import { words } from '../format'
import { LevelTag } from '../parts/level'
import { Menu } from '../parts/menu'
import { toast } from '../parts/toast'
import { CaseWhole } from '../types'

/** What is done to a case by one press. */
export type Act = <Word extends 'status' | 'assign' | 'release' | 'close' | 'reopen'>(word: Word, body: Body<`cases/${number}/${Word}`, 'POST'>, said: string) => Promise<unknown>

interface VerbsProps {
  c: CaseWhole
  people: { id: number; name: string }[]
  act: Act
  can: (status: string) => boolean
  all: () => void
  show: (dialog: 'escalate' | 'confirmed_fraud' | 'false_positive') => void
}

export function Verbs({ c, people, act, can, all, show }: VerbsProps) {
  const priorities = (['critical', 'high', 'medium', 'low'] as const).map((priority) => (
    <button key={priority} type="button" aria-label={`Priority ${words(priority).toLowerCase()}`} onClick={() => send('PATCH', `cases/${c.id}`, { priority }, c.version).then(all, (f) => toast(f.message))}><LevelTag level={priority.toUpperCase()} /></button>
  ))
  const investigate = (kind?: string) => can('investigating') && <button type="button" class={kind} onClick={() => act('status', { status: 'investigating' }, 'Investigating')}>Investigate</button>
  const copy = (kind?: string) => <a class={kind} href={url(`cases/${c.id}/export`)} download={`${c.number}.json`}>Export</a>
  return (
    <div class="row wrap verbs">
      {can('resolved') && <button type="button" class="button main" onClick={() => show('confirmed_fraud')}>Confirm fraud <kbd>F</kbd></button>}
      {can('resolved') && <button type="button" class="button" onClick={() => show('false_positive')}>Not fraud <kbd>N</kbd></button>}
      {can('pending_info') && <button type="button" class="button" onClick={() => act('status', { status: 'pending_info' }, 'Waiting for the customer')}>Ask customer <kbd>Q</kbd></button>}
      {can('escalated') && <button type="button" class="button" onClick={() => show('escalate')}>Escalate <kbd>E</kbd></button>}
      {investigate('button not-phone')}
      {can('closed') && <button type="button" class="button" onClick={() => act('close', {}, 'Closed')}>Close</button>}
      {(c.status === 'resolved' || c.status === 'closed') && <button type="button" class="button" onClick={() => act('reopen', { reason: 'looked at again' }, 'Open again')}>Reopen</button>}
      <Menu label={c.assigned_to ? `With ${c.assigned_to.id === me.value?.id ? 'you' : c.assigned_to.name}` : 'Assign'}>
        {people.map((p) => <button key={p.id} type="button" onClick={() => act('assign', { user_id: p.id }, `With ${p.name}`)}>{p.name}</button>)}
        {c.assigned_to && <button type="button" onClick={() => act('release', {}, 'Free again')}>Nobody</button>}
      </Menu>
      <div class="not-phone"><Menu label="Priority">{priorities}</Menu></div>
      {copy('button not-phone')}
      {/* Where there is little room, what is done less often is behind one button. */}
      <div class="only-phone">
        <Menu label="More">
          {investigate()}
          {priorities}
          {copy()}
        </Menu>
      </div>
    </div>
  )
}
