/** Steps that must not be torn apart, as Lua; each touches one key only, so that they run in a cluster as well. */

/** No lease is taken for longer, in milliseconds. */
const LONGEST_LEASE = 600_000;

/**
 * KEYS[1] lease; ARGV token, ttlMs. Whatever lies there without an end, or with one later than a lease can have, is
 * none of ours, and would keep everybody waiting.
 */
export const ACQUIRE = `if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left <= ${LONGEST_LEASE} then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** KEYS[1] lease; ARGV token, ttlMs. */
export const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;

/** KEYS[1] lease; ARGV token. */
export const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** KEYS[1] counter; ARGV amount, ttlMs. */
export const ADD = `local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum`;

/**
 * KEYS[1] sorted set of the moments at which places were taken; ARGV limit, windowMs, a name of its own for the place.
 * Microseconds of the server's clock. Returns 0 where a place was taken, else the milliseconds until one is free.
 */
export const TAKE = `local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window = ARGV[2] * 1000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local excess = redis.call('ZCARD', KEYS[1]) - ARGV[1]
if excess >= 0 then
	local oldest = redis.call('ZRANGE', KEYS[1], excess, excess, 'WITHSCORES')
	return math.max(1, math.ceil((oldest[2] + window - now) / 1000))
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0`;

/** KEYS[1] list; ARGV value, ttlMs, max. */
export const APPEND = `redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], -ARGV[3], -1)
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;
