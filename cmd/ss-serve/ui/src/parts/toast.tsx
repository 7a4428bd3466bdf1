import { signal } from '@preact/signals'
import { useKeys } from '../keys'

interface Toast {
  id: number
  text: string
  undo?: () => void
}
const toasts = signal<Toast[]>([])
let last = 0

/** Says what was done, for some seconds; `undo` where it can be taken back. */
export function toast(text: string, undo?: () => void) {
  const id = ++last
  toasts.value = [...toasts.value.slice(-2), { id, text, undo }]
  setTimeout(() => drop(id), undo ? 8000 : 4000)
}
function drop(id: number) {
  toasts.value = toasts.value.filter((t) => t.id !== id)
}

export function Toasts() {
  const last = toasts.value.findLast((t) => t.undo)
  const take = (t: Toast) => {
    drop(t.id)
    t.undo?.()
  }
  useKeys(last ? [{ key: 'u', what: 'Undo what was just done', run: () => take(last) }] : [])
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((t) => (
        <div key={t.id} class="toast">
          <span>{t.text}</span>
          {t.undo && (
            <button
              type="button"
              onClick={() => take(t)}
            >
              Undo <kbd>U</kbd>
            </button>
          )}
        </div>
      ))}
    </div>
  )
}
