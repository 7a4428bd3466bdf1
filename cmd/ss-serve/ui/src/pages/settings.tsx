import { useState } from 'preact/hooks'
import { Problem, send } from '../api'
import { useData } from '../data'
import { words } from '../format'
import { useHeading } from '../frame'
import { Fault, Skeleton } from '../parts/states'
import { toast } from '../parts/toast'
import { When } from '../parts/when'
import type { Schema } from '../contract'

type Setting = Schema<'Setting'>

function Input({ of, value, set }: { of: Setting; value: Setting['value']; set: (v: Setting['value']) => void }) {
  const id = `setting-${of.key}`
  if (typeof of.default === 'boolean') return <input id={id} type="checkbox" checked={value as boolean} onChange={(e) => set(e.currentTarget.checked)} />
  if (of.words)
    return (
      <select id={id} class="input" value={String(value)} onChange={(e) => set(e.currentTarget.value)}>
        {of.words.map((w) => <option key={w} value={w}>{w}</option>)}
      </select>
    )
  if (typeof of.default === 'number') return <input id={id} class="input number" type="number" step="any" min={of.min} max={of.max} value={value as number} onInput={(e) => set(Number(e.currentTarget.value))} />
  return <input id={id} class="input" value={String(value)} onInput={(e) => set(e.currentTarget.value)} />
}

const GROUPS: Record<string, string> = { auth: 'Signing in', cases: 'Cases', sla: 'Deadlines of cases', mask: 'Personal data', rules: 'Rules', retention: 'How long things are kept', currency: 'Money', time_zone: 'Time' }

export default function Settings() {
  const { data, fault, again } = useData('settings')
  const [changes, set] = useState<Record<string, Setting['value']>>({})
  const [problem, setProblem] = useState<Problem | null>(null)
  const n = Object.keys(changes).length
  const save = () =>
    send('PATCH', 'settings', changes).then(
      () => {
        set({})
        setProblem(null)
        again()
        toast('Saved, and in force')
      },
      (f) => setProblem(f),
    )
  useHeading('Settings', n > 0 && (
    <>
      <button type="button" class="button main" onClick={save}>Save {n === 1 ? 'one change' : `${n} changes`}</button>
      <button type="button" class="button" onClick={() => set({})}>Discard</button>
    </>
  ))
  if (!data) return fault ? <Fault fault={fault} again={again} /> : <Skeleton lines={14} height={22} />
  const groups = [...new Set(data.items.map((s) => s.key.split('.')[0]))]
  const change = (s: Setting, v: Setting['value']) => {
    const next = { ...changes, [s.key]: v }
    if (v === s.value) delete next[s.key]
    set(next)
  }
  return (
    <div class="grid">
      {problem && <div class="w12"><Fault fault={problem} /></div>}
      {groups.map((group) => (
        <section key={group} class="card w6 wide">
          <header><h2>{GROUPS[group] ?? words(group)}</h2></header>
          <div class="lines">
            {data.items.filter((s) => s.key.split('.')[0] === group).map((s) => (
              <div key={s.key} class="setting">
                <label for={`setting-${s.key}`}>
                  <span>{s.about}</span>
                  <span class="faint small"> <code>{s.key}</code>{s.changed_at && <> · changed <When at={s.changed_at} as="ago" /> by {s.changed_by}</>}{s.value !== s.default && ` · default ${s.default}`}</span>
                  {problem?.of(s.key) && <span class="bad small"> {problem.of(s.key)}</span>}
                </label>
                <Input of={s} value={changes[s.key] ?? s.value} set={(v) => change(s, v)} />
              </div>
            ))}
          </div>
        </section>
      ))}
    </div>
  )
}
