import { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Problem } from '../api'
import { filter, query } from '../router'
import { Fault } from './states'

export function Field({ label, fault, hint, children }: { label: string; fault?: string; hint?: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
      {fault ? <span class="bad small">{label} {fault}</span> : hint ? <span class="faint small">{hint}</span> : null}
    </label>
  )
}

interface FindProps {
  /** The filter's name in the address. */
  name: string
  label: string
  placeholder?: string
  width: number
  /** A value that means something only once it is whole, such as a date: sent by Enter or by leaving. */
  whole?: boolean
  inputMode?: 'text' | 'decimal'
}

/** Words that filter what is shown. They go to the address when typing rests; a redraw meanwhile leaves what is typed. */
export function Find({ name, label, placeholder, width, whole, inputMode }: FindProps) {
  const sent = query.value.get(name) ?? ''
  const [text, set] = useState(sent)
  const rest = useRef(0)
  useLayoutEffect(() => set(sent), [sent])
  useLayoutEffect(() => () => clearTimeout(rest.current), [])
  const send = (value: string) => {
    clearTimeout(rest.current)
    if (value !== (query.value.get(name) ?? '')) filter({ [name]: value })
  }
  const typed = (value: string) => {
    set(value)
    clearTimeout(rest.current)
    if (!whole) rest.current = window.setTimeout(send, 350, value)
  }
  return (
    <input
      class="input" style={{ width: `${width}px` }} type="search" inputMode={inputMode} aria-label={label} placeholder={placeholder}
      value={text} onInput={(e) => typed(e.currentTarget.value)} onChange={(e) => send(e.currentTarget.value)}
    />
  )
}

/** One of a few. */
export function Choice<T extends string>({ value, options, change, label }: { value: T; options: readonly (readonly [T, ComponentChildren])[]; change: (value: T) => void; label: string }) {
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map(([key, text]) => (
        <button key={key} type="button" aria-pressed={value === key} onClick={() => change(key)}>
          {text}
        </button>
      ))}
    </div>
  )
}

/** Whether each fault stands at a value of its own already. */
const named = (problem: Problem) => problem.errors.length > 0 && problem.errors.every((e) => e.name)

/** A form that sends itself once at a time and shows what the server says is wrong, at the right value. */
export function Form({ send, label, children, cancel }: { send: () => Promise<unknown>; label: string; children: (fault: (name: string) => string | undefined) => ComponentChildren; cancel?: () => void }) {
  const [problem, set] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const submit = async (event: Event) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    set(null)
    try {
      await send()
    } catch (fault) {
      set(fault as Problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form class="stack" onSubmit={submit} noValidate>
      {children((name) => problem?.of(name))}
      {problem && (named(problem) ? <p class="bad small" role="alert">Not sent yet: see what is marked above.</p> : <Fault fault={problem} />)}
      <div class="row" style={{ marginTop: '6px' }}>
        <button class="button main" disabled={busy}>
          {label}
        </button>
        {cancel && (
          <button type="button" class="button" onClick={cancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  )
}
