/** Our mark in the head of the file ("Fast"), so that nobody else's database is taken for ours. */
export const APPLICATION_ID = 0x46617374;
/** Raised with every incompatible change. */
export const SCHEMA_VERSION = 1;

/**
 * Times are milliseconds since the epoch. Of values the lowest id is the oldest: one that is written again gets a new id. Those with
 * an id below 0 are kept, and make room for nobody. What they are in all stands in `total`, kept by triggers within the same
 * transaction. What is read often stands before the bytes, which may lie on pages of their own. A list without a name has ended,
 * and waits to be swept.
 */
export const SCHEMA = `
CREATE TABLE value (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, ends INTEGER NOT NULL, size INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE INDEX value_ends ON value (ends, size);
CREATE TABLE total (one INTEGER PRIMARY KEY CHECK (one = 1), entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO total VALUES (1, 0, 0);
CREATE TRIGGER value_in AFTER INSERT ON value BEGIN UPDATE total SET entries = entries + 1, bytes = bytes + NEW.size; END;
CREATE TRIGGER value_out AFTER DELETE ON value BEGIN UPDATE total SET entries = entries - 1, bytes = bytes - OLD.size; END;

CREATE TABLE lease (name TEXT PRIMARY KEY, token TEXT NOT NULL, since INTEGER NOT NULL, ends INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX lease_ends ON lease (ends);
CREATE TABLE counter (name TEXT PRIMARY KEY, sum NUMERIC NOT NULL, ends INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX counter_ends ON counter (ends);
CREATE TABLE place (id INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL, ends INTEGER NOT NULL);
CREATE INDEX place_at ON place (name, at);
CREATE INDEX place_ends ON place (ends);
CREATE TABLE list (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, ends INTEGER NOT NULL, entries INTEGER NOT NULL);
CREATE INDEX list_ends ON list (ends);
CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT, list INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE INDEX entry_of ON entry (list, id);
CREATE TABLE news (id INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, channel TEXT NOT NULL, message TEXT NOT NULL, ends INTEGER NOT NULL);
CREATE INDEX news_ends ON news (ends);
`;

/** Each drops some of what has ended; parameters: now, how many at most. A list goes after its entries. */
export const SWEEPS = [
	...['value', 'place', 'news'].map((table) => `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE ends <= ? LIMIT ?)`),
	...['lease', 'counter'].map((table) => `DELETE FROM ${table} WHERE name IN (SELECT name FROM ${table} WHERE ends <= ? LIMIT ?)`),
	'DELETE FROM entry WHERE id IN (SELECT entry.id FROM list JOIN entry ON entry.list = list.id WHERE ends <= ? LIMIT ?)',
	`DELETE FROM list WHERE id IN
		(SELECT id FROM list WHERE ends <= ? AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.list = list.id) LIMIT ?)`,
];
