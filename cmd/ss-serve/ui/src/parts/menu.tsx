import { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** A button that opens a small menu; arrows move in it, Escape and a click elsewhere close it. */
export function Menu({ label, title, children, class: kind = 'button' }: { label: ComponentChildren; title?: string; children: ComponentChildren; class?: string }) {
  const [open, set] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!open) return
    const outside = (event: Event) => !box.current?.contains(event.target as Node) && set(false)
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
    return () => {
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
        <div class="menu" onClick={(e) => (e.target as Element).closest('button, a') && set(false)}>
          {children}
        </div>
      )}
    </div>
  )
}
