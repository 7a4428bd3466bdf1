import { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

/** A button that opens a small menu; arrows move in it, Escape and a click elsewhere close it. */
export function Menu({ label, title, children, class: kind = 'button' }: { label: ComponentChildren; title?: string; children: ComponentChildren; class?: string }) {
  const [open, set] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  // Before the next key, however fast it follows.
  useLayoutEffect(() => {
    if (!open) return
    const outside = (event: Event) => !box.current?.contains(event.target as Node) && set(false)
    const left = (event: FocusEvent) => event.relatedTarget && !box.current?.contains(event.relatedTarget as Node) && set(false)
    const whole = box.current
    const keys = (event: KeyboardEvent) => {
      if (event.key === 'Escape') {
        set(false)
        box.current?.querySelector('button')?.focus()
        event.stopPropagation()
      }
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
      const all = [...(box.current?.querySelectorAll<HTMLElement>('.menu button, .menu a, .menu input') ?? [])]
      const at = all.indexOf(document.activeElement as HTMLElement)
      all[(at + (event.key === 'ArrowDown' ? 1 : all.length - 1)) % all.length]?.focus()
      event.preventDefault()
    }
    document.addEventListener('click', outside)
    document.addEventListener('keydown', keys, true)
    whole?.addEventListener('focusout', left)
    return () => {
      whole?.removeEventListener('focusout', left)
      document.removeEventListener('click', outside)
      document.removeEventListener('keydown', keys, true)
    }
  }, [open])
  return (
    <div ref={box} class="has-menu">
      <button type="button" class={kind} title={title} aria-haspopup="true" aria-expanded={open} onClick={() => set(!open)}>
        {label}
      </button>
      {open && (
        <div
          class="menu"
          onClick={(e) => {
            if (!(e.target as Element).closest('button, a')) return
            // Where the choice led nowhere else, the focus is back at the button.
            if (box.current?.contains(document.activeElement)) box.current.querySelector('button')?.focus()
            set(false)
          }}
        >
          {children}
        </div>
      )}
    </div>
  )
}
