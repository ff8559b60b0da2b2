/** One calm notice: outputs that arrived while the notebook was closed, and what became of them once they were put back. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ExecutionId } from '../api/types';
import { firstLine } from '../history/rows';
import type { IMissed } from './missed';
import type { IPutBack } from './missed-model';

const SHOWN = 3;

export interface IMissedNoticeProps {
  missed: readonly IMissed[];
  edited: readonly IMissed[];
  done: IPutBack | null;
  problem: string;
  trans: TranslationBundle;
  onPutBack: () => void;
  onUndo: () => void;
  onDismiss: () => void;
  onOpen: (execution: ExecutionId) => void;
}

export function MissedNotice(props: IMissedNoticeProps): JSX.Element | null {
  const { missed, edited, done, trans } = props;
  if (!missed.length && !edited.length && !done) {
    return null;
  }
  return (
    <div className="ds-Missed" role="note" aria-label={trans.__('Outputs that arrived while the notebook was closed')}>
      {done ? <Done {...props} done={done} /> : <Offer {...props} />}
      {edited.length > 0 && <Edited {...props} />}
      {props.problem && (
        <p className="ds-Problem" role="alert">
          {props.problem}
        </p>
      )}
    </div>
  );
}

function Offer(props: IMissedNoticeProps): JSX.Element {
  const { missed, trans } = props;
  return (
    <>
      {missed.length > 0 && (
        <p>
          {trans._n(
            '%1 cell has outputs that arrived while the notebook was closed.',
            '%1 cells have outputs that arrived while the notebook was closed.',
            missed.length
          )}
        </p>
      )}
      <p className="ds-Missed-verbs">
        {missed.length > 0 && (
          <button className="ds-Button" title={trans.__('Write them into their cells; nothing runs, and it can be undone')} onClick={props.onPutBack}>
            {trans.__('Put them back')}
          </button>
        )}
        <button className="ds-Link" onClick={props.onDismiss}>
          {trans.__('Leave it')}
        </button>
      </p>
    </>
  );
}

function Done(props: IMissedNoticeProps & { done: IPutBack }): JSX.Element {
  const { done, trans } = props;
  return (
    <>
      <p role="status">
        {done.n_cells > 0 && trans._n('%1 cell has its outputs back.', '%1 cells have their outputs back.', done.n_cells)}{' '}
        {done.n_cut > 0 &&
          trans._n('Of %1 a part was over the limit and is not in the history.', 'Of %1 a part was over the limit and is not in the history.', done.n_cut)}{' '}
        {done.n_widgets > 0 &&
          trans._n('%1 cell shows widgets and was left as it is.', '%1 cells show widgets and were left as they are.', done.n_widgets)}
      </p>
      <p className="ds-Missed-verbs">
        {done.n_cells > 0 && (
          <button className="ds-Button" onClick={props.onUndo}>
            {trans.__('Undo')}
          </button>
        )}
        <button className="ds-Link" onClick={props.onDismiss}>
          {trans.__('Close')}
        </button>
      </p>
    </>
  );
}

/** Named, not touched: their outputs are of another source. */
function Edited(props: IMissedNoticeProps): JSX.Element {
  const { edited, trans } = props;
  const n_more = edited.length - SHOWN;
  return (
    <div className="ds-Hint">
      {trans._n(
        '%1 cell was edited since; what it printed is in the history:',
        '%1 cells were edited since; what they printed is in the history:',
        edited.length
      )}
      {edited.slice(0, SHOWN).map(({ execution }) => (
        <button key={execution.id} className="ds-Link ds-Missed-cell" onClick={() => props.onOpen(execution.id)}>
          <code>{firstLine(execution.source)}</code>
        </button>
      ))}
      {n_more > 0 && <span>{trans._n('and %1 more', 'and %1 more', n_more)}</span>}
    </div>
  );
}
