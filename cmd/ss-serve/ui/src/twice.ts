// A double click where one was meant, and a key held down too long: the second does nothing, neither to the same button
// nor to what has come to lie under the pointer since the first.
let first: EventTarget | null = null

addEventListener(
  'click',
  (event) => {
    const target = event.target as Element
    if (event.detail < 2) {
      first = target
      return
    }
    if (target === first && !target.closest('.button')) return
    event.preventDefault()
    event.stopImmediatePropagation()
  },
  true,
)
addEventListener(
  'keydown',
  (event) => {
    const presses = event.key === 'Enter' ? 'button, a, summary, input' : event.key === ' ' ? 'button, summary' : ''
    if (event.repeat && presses && (event.target as Element).closest?.(presses)) event.preventDefault()
  },
  true,
)
