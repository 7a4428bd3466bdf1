import { useData } from '../data'
import { count, shortId } from '../format'
import { go } from '../router'
import { Chart, color, tip } from './chart'
import { Fault, Skeleton } from './states'

/** Whom a customer shares a card, a device or an address with, and whom those do. */
export function Links({ id, height = 250 }: { id: string; height?: number }) {
  const { data, fault, again } = useData(`customers/${encodeURIComponent(id)}/links`)
  if (fault) return <Fault fault={fault} again={again} />
  if (!data) return <Skeleton lines={6} />
  const others = data.nodes.filter((n) => n.kind === 'customer' && n.step > 0)
  if (!others.length) return <p class="quiet">Shares no card, device or address with anybody.</p>
  // Many, or little room: smaller.
  const size = data.nodes.length > 20 || height < 200 ? 0.6 : 1
  const frauds = others.filter((n) => n.fraud > 0).length
  return (
    <>
      <Chart
        label={`Customers linked to ${id}: ${others.length}`} height={height} of={data}
        click={(p) => p.data?.kind === 'customer' && go(`/customers/${encodeURIComponent(p.data.name)}`)}
        option={() => ({
          tooltip: { ...tip(), formatter: (p: any) => (p.data?.kind ? `${p.data.kind} ${p.data.name}` : '') },
          series: [{
            type: 'graph', layout: 'force', roam: true, zoom: 0.8, force: { repulsion: Math.max(16, 1100 / data.nodes.length), gravity: 0.16, edgeLength: Math.max(12, 480 / data.nodes.length) }, lineStyle: { color: color('ink-3'), opacity: 0.45, width: 1.5 },
            label: { show: data.nodes.length < 16, position: 'bottom', color: color('ink-2'), fontSize: 10, formatter: (p: any) => shortId(p.data.name, 5) },
            data: data.nodes.map((n) => ({
              id: String(n.id), name: n.label, kind: n.kind, symbolSize: size * (n.step === 0 && n.kind === 'customer' ? 26 : n.kind === 'customer' ? 18 : 10), symbol: n.kind === 'customer' ? 'circle' : 'rect',
              itemStyle: { color: n.fraud > 0 ? color('fill-critical') : n.step === 0 && n.kind === 'customer' ? color('accent') : n.kind === 'customer' ? color('ink-3') : color('line'), borderColor: color('ink-3'), borderWidth: n.kind === 'customer' ? 0 : 1 },
            })),
            links: data.edges.map((e) => ({ source: String(e.from), target: String(e.to) })),
          }],
        })}
        table={{ heads: ['What', 'Kind', 'Known frauds'], rows: data.nodes.map((n) => [n.label, n.kind, n.fraud]) }}
      />
      <p class="quiet small">{count(others.length)} other {others.length === 1 ? 'customer' : 'customers'}, {frauds ? `${count(frauds)} with known fraud` : 'none with known fraud'}{data.cut && '; there are more'}.</p>
    </>
  )
}
