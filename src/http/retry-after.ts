// When a server wants to be asked again: Retry-After (RFC 9110 10.2.3), in seconds or as a date.

const MONTHS: readonly string[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const MOST_DIGITS = 10;

// HTTP-date in its three forms (RFC 9110 5.6.7); the names of days are not looked at.
// IMF-fixdate  = Sun, 06 Nov 1994 08:49:37 GMT
// rfc850-date  = Sunday, 06-Nov-94 08:49:37 GMT
// asctime-date = Sun Nov  6 08:49:37 1994
const DATE =
  /^[A-Z][a-z]{2,8}, (?<day>[0-9]{2})[ -](?<month>[A-Z][a-z]{2})[ -](?<year>[0-9]{4}|[0-9]{2}) (?<time>[0-9:]{8}) GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ 0-9][0-9]) (?<time>[0-9:]{8}) (?<year>[0-9]{4})$/;
const TIME = /^([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)$/;

/** Milliseconds since 1970 of an HTTP date; `undefined` if it is none. */
export function parseHttpDate(text: string, now: number): number | undefined {
  const { day = "", month = "", year = "", time = "" } = (DATE.exec(text) ?? ASCTIME.exec(text))?.groups ?? {};
  const monthIndex = MONTHS.indexOf(month);
  const [, hours, minutes, seconds] = TIME.exec(time) ?? [];
  if (monthIndex === -1 || hours === undefined) return undefined;
  const fullYear = year.length === 2 ? fullYearOf(Number(year), now) : Number(year);
  return Date.UTC(fullYear, monthIndex, Number(day), Number(hours), Number(minutes), Number(seconds));
}

// RFC 9110 5.6.7: a year that would be more than 50 years ahead is one of the past.
function fullYearOf(lastTwo: number, now: number): number {
  const present = new Date(now).getUTCFullYear();
  const year = present - (present % 100) + lastTwo;
  return year > present + 50 ? year - 100 : year;
}

// Retry-After = HTTP-date / delay-seconds
/**
 * Milliseconds to wait, at least 0; `null` if the header says nothing that can be read.
 *
 * @param now Milliseconds since 1970.
 */
export function parseRetryAfter(value: string, now: number): number | null {
  if (/^[0-9]+$/.test(value)) return value.length <= MOST_DIGITS ? Number(value) * 1000 : Infinity;
  const date = parseHttpDate(value, now);
  return date === undefined ? null : Math.max(0, date - now);
}
