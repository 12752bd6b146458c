/** What the guard knows of words. English, except where said otherwise; a word that stands in no table counts as it is. */

const list = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** Words that may come and go without changing what is asked. */
export const FILLERS = list('an the please kindly is are do does of');

export const NEGATIONS = list(
	'not no never none nothing nobody nowhere neither nor without cannot except excluding exclude unless but only hardly avoid ' +
		'nicht kein keine keinen nie ohne außer ne pas jamais sans sauf sin nunca ningún excepto',
);

export const COMPARATIVES = list(
	'more less fewer most least better worse best worst bigger smaller larger higher lower greater longer shorter older newer ' +
		'faster slower cheaper than over under above below before after versus vs between from to into until since through by ' +
		'max min maximum minimum prefer instead rather against',
);

export const DATES = list(
	'january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept ' +
		'oct nov dec monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday tonight now weekend weekday ' +
		'morning noon afternoon evening night midnight daily weekly monthly quarterly yearly annual annually hourly ' +
		'second seconds minute minutes hour hours day days week weeks month months quarter quarters year years decade century ' +
		'last next previous current past future ago q1 q2 q3 q4 h1 h2 am pm utc gmt cet est pst spring summer autumn fall winter',
);

export const UNITS = list(
	'mm cm m km inch inches foot feet ft yard yards mile miles mg g kg gram grams kilogram kilograms ton tons tonne tonnes lb lbs ' +
		'pound pounds ounce ounces oz stone ml cl l liter liters gallon gallons pint pints cup cups tablespoon tablespoons teaspoon ' +
		'teaspoons meter meters centimeter centimeters millimeter millimeters kilometer kilometers celsius fahrenheit kelvin degree ' +
		'degrees radian radians byte bytes bit bits kb mb gb tb pb kib mib gib ms ns hz khz mhz ghz watt watts kw kwh mw volt volts ' +
		'amp amps joule joules calorie calories kcal bar psi pascal kmh kph mph knots acre acres hectare hectares percent ' +
		'usd eur gbp chf jpy dollar dollars euro euros yen cent cents word words sentence sentences paragraph paragraphs character ' +
		'characters line lines page pages token tokens bullet bullets',
);

/** Pairs whose sides mean opposite or exclusive things. */
export const OPPOSITES: ReadonlyMap<string, ReadonlySet<string>> = pairs(
	'enable/disable activate/deactivate on/off open/close lock/unlock start/stop begin/end start/finish add/remove add/subtract ' +
		'insert/delete create/delete create/destroy install/uninstall import/export upload/download push/pull push/pop send/receive ' +
		'read/write input/output encode/decode encrypt/decrypt compress/decompress serialize/deserialize connect/disconnect ' +
		'allow/deny allow/block permit/forbid accept/reject approve/reject grant/revoke show/hide expand/collapse ' +
		'increase/decrease increase/reduce raise/lower up/down rise/fall grow/shrink maximize/minimize best/worst better/worse ' +
		'more/less more/fewer most/least max/min maximum/minimum high/low higher/lower big/small large/small larger/smaller ' +
		'long/short longer/shorter tall/short wide/narrow deep/shallow thick/thin heavy/light hot/cold warm/cool fast/slow ' +
		'quick/slow early/late earlier/later first/last before/after past/future previous/next old/new old/young oldest/newest ' +
		'ascending/descending left/right top/bottom above/below over/under front/back inside/outside internal/external in/out ' +
		'include/exclude including/excluding with/without always/never all/none everyone/nobody yes/no true/false right/wrong ' +
		'correct/incorrect valid/invalid good/bad positive/negative pros/cons advantages/disadvantages benefits/drawbacks ' +
		'benefits/risks strengths/weaknesses success/failure succeed/fail win/lose profit/loss gain/loss buy/sell borrow/lend ' +
		'debit/credit rich/poor cheap/expensive free/paid public/private public/secret local/remote global/local online/offline ' +
		'client/server upstream/downstream sync/async synchronous/asynchronous static/dynamic mutable/immutable odd/even ' +
		'active/passive active/inactive legal/illegal safe/dangerous safe/unsafe easy/hard easy/difficult simple/complex ' +
		'formal/informal formal/casual singular/plural male/female man/woman men/women husband/wife mother/father son/daughter ' +
		'brother/sister boy/girl king/queen love/hate like/dislike agree/disagree arrive/depart arrival/departure enter/exit ' +
		'entrance/exit day/night morning/evening summer/winter sunrise/sunset north/south east/west full/empty wet/dry ' +
		'alive/dead birth/death born/died attack/defend defend/prosecute teach/learn question/answer problem/solution cause/effect ' +
		'cause/prevent theory/practice supply/demand optimistic/pessimistic majority/minority ' +
		'parent/child ancestor/descendant employer/employee buyer/seller landlord/tenant lender/borrower plaintiff/defendant',
);

/** Ways to say one thing; the first word of each line stands for all of them. */
export const SYNONYMS: ReadonlyMap<string, string> = synonyms(
	'summarize sum-up',
	'list enumerate',
	'write compose draft',
	'purchase buy',
	'image picture',
	'big large',
	'quick fast rapid',
	'error mistake',
	'give provide',
	'difference distinction',
	'main key',
	'method approach',
	'required needed necessary',
	'to into',
	'vs versus',
	'advantages pros',
	'disadvantages drawbacks cons',
	'ways methods',
	'tips advice',
	'brief short concise',
);

/** Number words, so that `three` and `3` are one number. */
export const NUMBER_WORDS: ReadonlyMap<string, string> = new Map(
	'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'
		.split(' ')
		.map((word, value) => [word, String(value)]),
);

/** Amounts without a digit. */
export const AMOUNTS = list(
	'thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen half third fourth fifth double triple once ' +
		'twice both single couple pair first all every each any some few many several much',
);

/** Frequent words that tell European languages apart. */
export const LANGUAGES: ReadonlyArray<readonly [string, ReadonlySet<string>]> = [
	['en', list('the and of to is are what how this that with for from you please in it')],
	['de', list('der die das und ist sind was wie ein eine mit für von bitte nicht ich auf dem den')],
	['fr', list('le la les et est sont que quoi comment un une avec pour de des du vous dans sur')],
	['es', list('el la los las y es son qué cómo un una con para de del por en usted')],
	['it', list('il lo gli e è sono che come un una con per di della nel sul')],
	['pt', list('o os e é são que como um uma com para de da do no na você')],
];

function pairs(text: string): Map<string, Set<string>> {
	const found = new Map<string, Set<string>>();
	for (const pair of text.split(' ')) {
		const [one = '', other = ''] = pair.split('/');
		found.set(one, (found.get(one) ?? new Set()).add(other));
		found.set(other, (found.get(other) ?? new Set()).add(one));
	}
	return found;
}

function synonyms(...lines: string[]): Map<string, string> {
	return new Map(lines.flatMap((line) => line.split(' ').map((word): [string, string] => [word, line.split(' ')[0] ?? word])));
}
