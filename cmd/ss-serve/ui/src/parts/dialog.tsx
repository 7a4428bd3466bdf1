import { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { useKeys } from '../keys'

/** Where the focus was before, if that is still there; else the row that is open, else the page. */
function giveBack(before: HTMLElement | null) {
  const there = before?.isConnected && before !== document.body && !before.closest('tr.can') ? before : document.querySelector<HTMLElement>('main tr.current') ?? document.getElementById('page')
  there?.focus({ preventScroll: true })
}

/** The focus, where what had it is gone. */
export function keepFocus() {
  if ((document.activeElement ?? document.body) === document.body) document.getElementById('page')?.focus({ preventScroll: true })
}

/** Keeps the focus inside while it is open, and gives it back. */
function useFocusInside() {
  const box = useRef<HTMLDivElement>(null)
  // Before the next key is pressed, however fast.
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null
    const find = (what: string) => box.current?.querySelector<HTMLElement>(what)
    ;(find('[autofocus]') ?? find('input, select, textarea') ?? find('button') ?? box.current)?.focus()
    const keep = (event: KeyboardEvent) => {
      if (event.key !== 'Tab' || !box.current) return
      const all = [...box.current.querySelectorAll<HTMLElement>('a[href], button:not(:disabled), input:not(:disabled), select, textarea, [tabindex="0"]')]
      const at = all.indexOf(document.activeElement as HTMLElement)
      const to = event.shiftKey ? (at <= 0 ? all.length - 1 : -1) : at === all.length - 1 || at < 0 ? 0 : -1
      if (to >= 0 && all[to]) {
        event.preventDefault()
        all[to].focus()
      }
    }
    // What had the focus may be gone, as a button of a step that is done: the focus stays in the dialog all the same.
    const held = new MutationObserver(() => {
      if (!document.activeElement || document.activeElement === document.body) box.current?.focus()
    })
    if (box.current) held.observe(box.current, { childList: true, subtree: true, attributeFilter: ['disabled'] })
    addEventListener('keydown', keep)
    return () => {
      held.disconnect()
      removeEventListener('keydown', keep)
      giveBack(before)
    }
  }, [])
  return box
}

interface Props {
  title: string
  close: () => void
  children: ComponentChildren
}

/** Without `close` it stays until it is answered. */
export function Dialog({ title, close, children }: Omit<Props, 'close'> & { close?: () => void }) {
  const box = useFocusInside()
  useKeys([{ key: 'Escape', what: 'Close', run: () => close?.(), alone: true }])
  return (
    <>
      <div class="shade" onClick={close} />
      <div ref={box} class="dialog" role="dialog" aria-modal="true" aria-label={title} tabIndex={-1}>
        <header class="row between">
          <h1>{title}</h1>
          {close && (
            <button type="button" class="button plain icon" aria-label="Close" onClick={close}>
              ✕
            </button>
          )}
        </header>
        {children}
      </div>
    </>
  )
}

/** Beside the page, which stays usable: details of what is selected. */
export function Drawer({ title, close, children }: Props) {
  const box = useRef<HTMLElement>(null)
  useKeys([{ key: 'Escape', what: 'Close', run: close }])
  // Not at the end of the page's own controls, but next.
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null
    const here = box.current
    ;(here?.querySelector<HTMLElement>('[autofocus]') ?? here)?.focus({ preventScroll: true })
    return () => {
      if (!document.activeElement || document.activeElement === document.body || here?.contains(document.activeElement)) giveBack(before)
    }
  }, [])
  return (
    <aside ref={box} class="drawer" aria-label={title} tabIndex={-1}>
      <header class="row between">
        <h1>{title}</h1>
        <button type="button" class="button plain icon" aria-label="Close" onClick={close}>
          ✕
        </button>
      </header>
      {children}
    </aside>
  )
}
