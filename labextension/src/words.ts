/** Numbers, sizes, durations and moments as a person reads them. Pure: the present and the translator come in. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Instant, JsonFloat, Scalar } from './api/types';

const DAY_MS = 86_400_000;

/** 0.93123 -> '0.9312'; 12345.678 -> '12346'; 3e-7 -> '3e-7'; 'NaN' -> 'NaN' (what is not finite is said as such). */
export function numberText(value: JsonFloat, digits = 4): string {
  if (typeof value !== 'number') {
    return value === 'NaN' ? 'NaN' : value === 'Infinity' ? '∞' : '−∞';
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e7) {
    return String(value);
  }
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) {
    return value.toExponential(Math.max(0, digits - 2)).replace(/\.?0+e/, 'e').replace('e+', 'e');
  }
  if (size >= 1000) {
    return String(Math.round(value));
  }
  return String(Number(value.toPrecision(digits)));
}

/** true -> 'true'; 0.5 -> '0.5'; a long text is cut to `width` characters with '…'. */
export function scalarText(value: Scalar, width = 24): string {
  if (typeof value === 'number') {
    return numberText(value);
  }
  const text = value === null ? '–' : String(value).replace(/\s+/g, ' ');
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** 1_234 -> '1.2 kB'; 1_200_000_000 -> '1.2 GB'. Powers of ten, as file managers show. */
export function sizeText(size_bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = size_bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} ${units[unit]}`;
}

/** 0.004 -> '4 ms'; 0.42 -> '0.4 s'; 41 -> '41 s'; 95 -> '1:35'; 3700 -> '1:01:40' */
export function durationText(duration_s: number): string {
  if (duration_s < 0.0995) {
    return `${Math.round(duration_s * 1000)} ms`;
  }
  if (duration_s < 9.95) {
    return `${duration_s.toFixed(1)} s`;
  }
  return duration_s < 59.5 ? `${Math.round(duration_s)} s` : clockDuration(duration_s);
}

/** A running count: 41 -> '0:41'; 95 -> '1:35'; 3700 -> '1:01:40' */
export function clockDuration(duration_s: number): string {
  const whole = Math.max(0, Math.floor(duration_s));
  const seconds = String(whole % 60).padStart(2, '0');
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** '2026-11-21T14:03:09.123456Z' -> '14:03', in the reader's time zone. */
export function clockText(at: Instant): string {
  const moment = new Date(at);
  return `${String(moment.getHours()).padStart(2, '0')}:${String(moment.getMinutes()).padStart(2, '0')}`;
}

/** Midnight of that local day, as a key that sorts like time: '2026-11-21'. */
export function dayKey(at: Instant): string {
  const moment = new Date(at);
  const month = String(moment.getMonth() + 1).padStart(2, '0');
  return `${moment.getFullYear()}-${month}-${String(moment.getDate()).padStart(2, '0')}`;
}

/** 'Today', 'Yesterday', 'Monday' within the last six days, else '3 November 2026' in the reader's language. */
export function dayText(day: string, now: Date, trans: TranslationBundle, language?: string): string {
  const [year, month, date] = day.split('-').map(Number);
  const midnight = new Date(year, month - 1, date);
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.round((today.getTime() - midnight.getTime()) / DAY_MS);
  if (days === 0) {
    return trans.__('Today');
  }
  if (days === 1) {
    return trans.__('Yesterday');
  }
  const shape: Intl.DateTimeFormatOptions =
    days > 1 && days < 7 ? { weekday: 'long' } : { day: 'numeric', month: 'long', year: 'numeric' };
  return new Intl.DateTimeFormat(language, shape).format(midnight);
}

/** 3 -> 'just now'; 12 -> '12 s ago'; 150 -> '2 min ago'; 7300 -> '2 h ago'; more than a day -> '' (say the date then) */
export function agoText(age_s: number, trans: TranslationBundle): string {
  if (age_s < 5) {
    return trans.__('just now');
  }
  if (age_s < 60) {
    return trans.__('%1 s ago', Math.floor(age_s));
  }
  if (age_s < 3600) {
    return trans.__('%1 min ago', Math.floor(age_s / 60));
  }
  return age_s < 86_400 ? trans.__('%1 h ago', Math.floor(age_s / 3600)) : '';
}

/** 'Today 14:03'-like in one piece: '14:03' today, 'Yesterday 14:03', '3 November 2026 14:03'. */
export function momentText(at: Instant, now: Date, trans: TranslationBundle, language?: string): string {
  const day = dayKey(at);
  const clock = clockText(at);
  return day === dayKey(now.toISOString()) ? clock : `${dayText(day, now, trans, language)} ${clock}`;
}

/** Seconds from an instant to now; never negative (two clocks may differ). */
export function ageOf(at: Instant, now: Date): number {
  return Math.max(0, (now.getTime() - new Date(at).getTime()) / 1000);
}
