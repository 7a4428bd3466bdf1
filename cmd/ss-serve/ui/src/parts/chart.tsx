// Charts: one theme made of the page's own colours, a table behind each for those who would rather read.
import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { keep, kept } from '../kept'
import { missed } from '../live'

export const theme = signal(document.documentElement.dataset.theme ?? 'light')

type Theme = 'light' | 'dark' | 'system'
const darkRoom = matchMedia('(prefers-color-scheme: dark)')
/** What was chosen, where `theme` is what that means now. */
export const chosenTheme = signal<Theme>((kept('theme') as Theme | null) ?? 'system')

export function setTheme(name: Theme) {
  chosenTheme.value = name
  const dark = name === 'system' ? darkRoom.matches : name === 'dark'
  keep('theme', name === 'system' ? null : name)
  document.documentElement.dataset.theme = theme.value = dark ? 'dark' : 'light'
}

darkRoom.addEventListener('change', () => chosenTheme.value === 'system' && setTheme('system'))
// Chosen in another tab.
addEventListener('storage', (event) => event.key === 'theme' && setTheme((event.newValue as 'light' | 'dark' | null) ?? 'system'))

export function color(name: string) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

export interface Series {
  name: string
  values: (number | null)[]
  /** A token, such as fill-critical. */
  color?: string
  stack?: boolean
  kind?: 'line' | 'bar'
}

const motion = matchMedia('(prefers-reduced-motion: reduce)')

function axisText() {
  return { color: color('ink-3'), fontSize: 11 }
}
/** The page's own face: a drawing does not inherit it. */
function face() {
  return getComputedStyle(document.body).fontFamily
}
/** What is said beside the pointer, in the page's colours. */
export function tip() {
  return { renderMode: 'richText', confine: true, backgroundColor: color('panel'), borderColor: color('line'), textStyle: { color: color('ink'), fontSize: 12, fontFamily: face() } }
}
/** Names above a drawing, on the right. */
export function legend() {
  return { top: 0, right: 0, icon: 'rect', itemWidth: 8, itemHeight: 8, textStyle: { color: color('ink-2'), fontSize: 11 } }
}

/** Lines or bars over common labels (times or words). */
export function series(labels: string[], all: Series[], format: (v: number) => string = String, tick?: (label: string) => string) {
  return {
    grid: { left: 8, right: 8, top: 12, bottom: 4, containLabel: true },
    tooltip: {
      ...tip(), trigger: 'axis',
      axisPointer: { type: 'line', lineStyle: { color: color('ink-3'), width: 1 } },
      valueFormatter: (v: unknown) => (v == null ? '–' : format(v as number)),
    },
    xAxis: {
      type: 'category', data: labels, boundaryGap: all.some((s) => s.kind === 'bar'),
      axisLine: { lineStyle: { color: color('line') } }, axisTick: { show: false },
      axisLabel: { ...axisText(), formatter: tick, hideOverlap: true },
    },
    yAxis: {
      type: 'value', splitNumber: 3, axisLabel: { ...axisText(), formatter: (v: number) => format(v) },
      splitLine: { lineStyle: { color: color('line') } },
    },
    dataZoom: labels.length > 12 ? [{ type: 'inside', zoomOnMouseWheel: 'ctrl' }] : [],
    series: all.map((s) => ({
      name: s.name, data: s.values, type: s.kind ?? 'line', stack: s.stack ? 'all' : undefined,
      color: color(s.color ?? 'accent'), symbol: s.values.length === 1 ? 'circle' : 'none', lineStyle: { width: 1.5 },
      areaStyle: s.kind === 'bar' ? undefined : { opacity: 0.16 }, barMaxWidth: 18, emphasis: { disabled: true },
    })),
  }
}

interface Rowed {
  heads: string[]
  rows: (string | number | null)[][]
}

/** What a picture shows, for those who would rather read. */
export function Rows({ label, table, height }: { label: string; table: Rowed; height: number }) {
  return (
    <div class="scroll" style={{ maxHeight: `${height}px` }} tabIndex={0} role="region" aria-label={label}>
      <table class="table">
        <caption class="visually-hidden">{label}</caption>
        <thead>
          <tr>
            {table.heads.map((h, i) => (
              <th key={h} scope="col" class={i ? 'number' : ''}>{h}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, r) => (
            <tr key={r}>
              {row.map((cell, i) => (
                <td key={i} class={i ? 'number' : ''}>{cell ?? '–'}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export function Turn({ asTable, set }: { asTable: boolean; set: (v: boolean) => void }) {
  return (
    <button type="button" class="as-table small faint" aria-pressed={asTable} onClick={() => set(!asTable)}>
      {asTable ? 'as a chart' : 'as a table'}
    </button>
  )
}

interface Props {
  /** Says in a sentence what is shown. */
  label: string
  height?: number
  /** Made anew when the theme changes. */
  option: () => Record<string, unknown>
  /** The same as a table: heads and rows. */
  table: Rowed
  /** What to draw depends on this. */
  of: unknown
  click?: (params: any) => void
}

export function Chart({ label, height = 220, option, table, of, click }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const drawn = useRef<any>(null)
  const [asTable, set] = useState(false)
  const [failed, fail] = useState(false)
  const clicked = useRef(click)
  clicked.current = click
  useEffect(() => {
    if (asTable) return
    let gone = false
    let watch: ResizeObserver | null = null
    void import('./echarts').then(({ init }) => {
      if (gone || !box.current) return
      drawn.current = init(box.current)
      drawn.current.setOption({ animation: !motion.matches, animationDuration: 120, textStyle: { fontFamily: face() }, ...option() })
      drawn.current.on('click', (params: unknown) => clicked.current?.(params))
      // A box without room, as while a page is being left, cannot be drawn into.
      watch = new ResizeObserver(() => box.current?.clientWidth && box.current.clientHeight && drawn.current?.resize())
      watch.observe(box.current)
    }, () => fail(true))
    return () => {
      gone = true
      watch?.disconnect()
      drawn.current?.dispose()
      drawn.current = null
    }
  }, [asTable, theme.value, failed && missed.value])
  useEffect(() => {
    drawn.current?.setOption({ animation: false, ...option() }, { replaceMerge: ['series'] })
  }, [JSON.stringify(of)])
  return (
    <figure class="figure-box">
      {asTable ? (
        <Rows key="table" label={label} table={table} height={height} />
      ) : (
        <div key="chart" ref={box} class="chart" role="img" aria-label={label} style={{ height: `${height}px` }} />
      )}
      <Turn asTable={asTable} set={set} />
    </figure>
  )
}
