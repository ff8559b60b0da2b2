/** The dot: four states, each with its shape and word, the same in panel, status bar and tab. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IStatus, StatusState } from '../api/types';
import { ageOf, agoText, momentText } from '../words';

/** Two bars rather than U+23F8, which most fonts draw as a coloured emoji. */
export const DOT_SHAPES: Record<StatusState, string> = { recording: '●', behind: '◐', paused: '❚❚', not_recorded: '▲' };

export function Dot(props: { state: StatusState }): JSX.Element {
  return (
    <span className={`ds-Dot ds-mod-${props.state}`} aria-hidden={true}>
      {DOT_SHAPES[props.state]}
    </span>
  );
}

/** 'recorded 12 s ago'; 'recorded 12 s ago. big.bin is being put back.'; 'behind (12 s)'; 'paused'; 'not recorded: the disk is full' */
export function statusText(status: IStatus, now: Date, trans: TranslationBundle): string {
  switch (status.state) {
    case 'behind':
      // Without seconds it is no cell that waits: the history is being read anew, and the reason says so.
      return status.behind_s || !status.reason ? trans.__('behind (%1 s)', Math.round(status.behind_s)) : status.reason;
    case 'paused':
      return trans.__('paused');
    case 'not_recorded':
      return trans.__('not recorded: %1', status.reason);
    case 'recording': {
      const text = status.recorded_at ? recordedText(status.recorded_at, now, trans) : trans.__('recording');
      return lacksFiles(status) ? `${text}. ${status.reason}` : text;
    }
  }
}

/** A file is not whole yet: a fork's large ones are on their way, or a restore was cut short. `reason` and `remedy` say more. */
export function lacksFiles(status: IStatus): boolean {
  return status.state === 'recording' && !!status.workspace && status.reason !== '';
}

/** 'This folder had history until 14:03'; '' if none was lost, or if one that was begun since is all there is to say. */
export function lostText(status: IStatus, now: Date, trans: TranslationBundle): string {
  if (!status.had_history_until || (status.workspace && !status.can_get_back)) {
    return '';
  }
  const until = momentText(status.had_history_until, now, trans);
  return status.workspace
    ? trans.__('An earlier history, until %1, is not here', until)
    : trans.__('This folder had history until %1', until);
}

/** 'This computer and pod-b record here.'; '' where this one is alone. */
export function whoText(status: IStatus, trans: TranslationBundle): string {
  const others = status.also_recorded_by;
  return others.length > 0 ? trans.__('This computer and %1 record here.', others.join(', ')) : '';
}

/** One word, for the status bar. */
export function statusWord(state: StatusState, trans: TranslationBundle): string {
  const words: Record<StatusState, string> = {
    recording: trans.__('recording'),
    behind: trans.__('behind'),
    paused: trans.__('paused'),
    not_recorded: trans.__('not recorded')
  };
  return words[state];
}

function recordedText(at: string, now: Date, trans: TranslationBundle): string {
  const ago = agoText(ageOf(at, now), trans);
  return ago ? trans.__('recorded %1', ago) : trans.__('last recorded %1', momentText(at, now, trans));
}
