// Bundles the dashboard into OUT (argument 1): hashed files, each also compressed with brotli and gzip.
import { build } from 'esbuild'
import { brotliCompressSync, gzipSync, constants } from 'node:zlib'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const out = process.argv[2] ?? 'dist'
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })

const result = await build({
  entryPoints: { app: 'src/main.tsx' },
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  metafile: true,
  entryNames: '[name]-[hash]',
  chunkNames: 'part-[hash]',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
})

// The page names its script and style, and those names are known only now.
const names = Object.keys(result.metafile.outputs).map((name) => name.split('/').pop())
const script = names.find((name) => /^app-.*\.js$/.test(name))
const style = names.find((name) => /^app-.*\.css$/.test(name))
const page = readFileSync('src/index.html', 'utf8')
writeFileSync(join(out, 'index.html'), page.replace('app.js', script).replace('app.css', style))
for (const name of ['icon.svg', 'theme.js']) writeFileSync(join(out, name), readFileSync(`src/${name}`))

for (const name of readdirSync(out)) {
  const bytes = readFileSync(join(out, name))
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
  writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }))
  writeFileSync(join(out, `${name}.br`), brotliCompressSync(bytes, quality))
}
