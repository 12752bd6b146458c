/**
 * The only file that names third-party packages. The build replaces its output by one bundle, `dist/lib/vendor.js`, so
 * that the published package has no runtime dependencies; the licences of what is inlined ship beside it.
 */
export { Cluster, Redis } from 'ioredis';
export type { RedisOptions } from 'ioredis';
export { LRUCache } from 'lru-cache';
export { Keyv } from 'keyv';
export { Liquid, RenderTag, toValueSync } from 'liquidjs';
export type { Template as LiquidTemplate } from 'liquidjs';
export { Agent, Client, EnvHttpProxyAgent, Pool, ProxyAgent, buildConnector, errors } from 'undici';
export type { Dispatcher } from 'undici';
