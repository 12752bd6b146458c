/** Judges what was measured: snapshots, settings and a time in, plain data out. */
export { advance, EMPTY_BOOK, type Alert, type AlertBook, type AlertEvent, type AlertEventKind } from './alerts';
export { readBook } from './book';
export { findBottlenecks, type Bottleneck, type Cause } from './bottlenecks';
export { compare, type Change, type Comparison } from './compare';
export { digestOf, type Digest } from './digest';
export { HEALTH_PARTS, judgeHealth, type Grade, type Health, type HealthPart, type HealthPartName } from './health';
export { renderReport, type ReportOptions } from './report';
export { RULES, type Reading, type Rule } from './readings';
export { recommend, type Recommendation, type Remedy } from './recommendations';
export { DEFAULT_SETTINGS, readSettings, type InsightSettings, type Slo } from './settings';
export { SEVERITIES, isWorse, type Severity } from './severity';
export { findTrends, type Trend } from './trends';
export { TREND_METRICS, type TrendMetric } from './trend-metrics';
