import { Markup } from './html';
import { DARK, LIGHT, type Theme } from './theme';

function variables(theme: Theme): string {
	return Object.entries(theme).map(([name, colour]) => `--${name}:${colour}`).join(';');
}

/** What fills or draws in a colour of its own. */
const FILLS: Readonly<Record<string, string>> = {
	p50: 'p50', p95: 'p95', p99: 'p99', ok: 'p50', failed: 'bad', saved: 'good', spent: 'spent',
	heat1: 'heat1', heat2: 'heat2', heat3: 'heat3', heat4: 'heat4', heat5: 'heat5',
};
const GRADES = ['good', 'fair', 'poor', 'bad'] as const;

const BASE = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1160px;margin:0 auto;padding:28px 20px 40px}
h1{font-size:24px;line-height:1.25;margin:0;letter-spacing:-.01em}
h2{font-size:17px;margin:36px 0 12px}
h3{font-size:15px;margin:0}
p{margin:0}
header p,figcaption p,.quiet,.none,.legend,footer{color:var(--quiet)}
header p{margin-top:4px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:0}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:14px}
.wide{grid-column:1/-1}
figure{display:flex;flex-direction:column}
figure svg{margin-top:auto}
figure .none{margin:auto}
figcaption p{font-size:13px;margin:2px 0 8px}
svg{display:block;width:100%;height:auto}
.tick,.name{font-size:11px;fill:var(--quiet)}
.name{font-weight:600;fill:var(--ink)}
line.grid{stroke:var(--grid);stroke-width:1}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.area{fill:var(--area)}
.limit{stroke:var(--poor);stroke-width:1.2;stroke-dasharray:4 4}
.empty{fill:var(--grid);opacity:.55}
.hints rect{fill:transparent}
.hints rect:hover{fill:var(--ink);fill-opacity:.06}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:12.5px;margin-top:8px;align-items:center}
.legend span{display:inline-flex;align-items:center;gap:6px}
.legend i{width:12px;height:12px;border-radius:3px;display:inline-block}
.legend i.limit{height:0;border-radius:0;border-top:2px dashed var(--poor)}
.none{padding:26px 0;text-align:center;font-size:14px}
.health{display:grid;grid-template-columns:210px minmax(0,1fr);gap:8px 30px;align-items:center}
.score{text-align:center}
.score svg{max-width:150px;margin:0 auto}
.score b{display:block;margin-top:6px;font-size:15px}
.number{font-size:38px;font-weight:650;fill:var(--ink)}
.ring{fill:none;stroke:var(--grid);stroke-width:10}
.arc{fill:none;stroke-width:10;stroke-linecap:round}
.parts{list-style:none;margin:0;padding:0;display:grid;gap:9px}
.parts li{display:grid;grid-template-columns:104px 116px minmax(0,1fr);gap:12px;align-items:baseline}
.parts b{font-weight:600}
.mark{font-size:13px;font-weight:650;white-space:nowrap}
.tiles{display:grid;grid-template-columns:repeat(6,minmax(0,1fr));gap:14px;margin-top:14px}
.tile{padding:13px 15px 9px}
.tile dt{color:var(--quiet);font-size:13px}
.tile dd{margin:0;font-size:22px;font-weight:650;letter-spacing:-.01em}
.tile small{display:block;color:var(--quiet);font-size:12px;font-weight:400;letter-spacing:0;min-height:18px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.list{list-style:none;margin:0;padding:0}
.list li{padding:12px 0;border-top:1px solid var(--line);display:grid;grid-template-columns:96px minmax(0,1fr);gap:4px 16px}
.list li:first-child{border-top:0;padding-top:2px}
.list li:last-child{padding-bottom:2px}
.list p+p{color:var(--quiet);font-size:13.5px;margin-top:2px}
.share{font-size:18px;font-weight:650}
.meter{display:block;height:6px;border-radius:3px;background:var(--grid);margin-top:4px;overflow:hidden}
.meter i{display:block;height:100%;background:var(--accent)}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:13.5px}
caption{text-align:left;color:var(--quiet);padding-bottom:8px;font-size:13px}
th,td{padding:7px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
tbody tr:last-child>*{border-bottom:0}
th{font-weight:600;color:var(--quiet)}
tbody th{color:var(--ink)}
th:first-child,td:first-child,.left{text-align:left;padding-left:0}
tbody th{font-weight:500;white-space:normal;overflow-wrap:anywhere;min-width:180px}
footer{margin-top:34px;font-size:13px}
code{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
@media screen and (max-width:900px){.tiles{grid-template-columns:repeat(3,minmax(0,1fr))}}
@media screen and (max-width:720px){.grid,.health{grid-template-columns:minmax(0,1fr)}.parts li{grid-template-columns:100px minmax(0,1fr)}.parts .quiet{grid-column:1/-1}.list li{grid-template-columns:minmax(0,1fr)}}
@media screen and (max-width:480px){.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}}
`;

/** On paper: light, without frames that cost ink, and nothing torn apart. */
const PAPER = `@page{margin:14mm}body{background:#fff;font-size:12px}main{max-width:none;padding:0}.card{border-color:var(--line);break-inside:avoid;padding:10px 12px}.tiles{grid-template-columns:repeat(6,minmax(0,1fr));gap:8px}.grid{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}.health{grid-template-columns:150px minmax(0,1fr)}.list li,tr{break-inside:avoid}.list li{padding:7px 0;grid-template-columns:84px minmax(0,1fr)}.list p+p,.tile dt,figcaption p,.legend,table,caption{font-size:10.5px}.tile{padding:8px 10px}.tile dd,.share{font-size:15px}.tile small{font-size:10px;white-space:normal}.parts{gap:4px}.parts li{grid-template-columns:80px 90px minmax(0,1fr)}.score svg{max-width:110px}h2{break-after:avoid;margin-top:20px}.scroll{overflow:visible}th,td{padding:4px 6px;white-space:normal}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}`;

/** The whole style, with the colours of both themes. */
export function styleSheet(): Markup {
	const fills = Object.entries(FILLS).map(([kind, colour]) => `i.${kind}{background:var(--${colour})}svg .${kind}{fill:var(--${colour})}svg .line.${kind}{fill:none;stroke:var(--${colour})}`);
	const grades = GRADES.map((grade) => `.${grade}{color:var(--${grade})}.arc.${grade}{stroke:var(--${grade})}`);
	const text = [
		`:root{color-scheme:light dark;${variables(LIGHT)}}`,
		`@media screen and (prefers-color-scheme:dark){:root{${variables(DARK)}}}`,
		BASE.replaceAll('\n', ''),
		...fills,
		...grades,
		`@media print{:root{color-scheme:light}${PAPER}}`,
	].join('\n');
	return new Markup(text);
}
