/** A notebook as it was: a slider over its history, its cells below, what differs from now marked on each. */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { baseName } from '../paths';
import { momentText } from '../words';
import { CellView } from './cell';
import type { ICell, INotebook } from './cells';
import type { IDifferences } from './differences';
import type { IStop } from './stops';

export interface IAsItWasViewProps {
  path: string;
  stops: readonly IStop[];
  /** Of `stops`; -1: not known yet. */
  index: number;
  notebook: INotebook | null;
  /** The cells shown are not yet those of the moment chosen. */
  isBehind: boolean;
  /** null: the notebook is not open now. */
  differences: IDifferences | null;
  isOnlyDiffering: boolean;
  problem: string;
  /** Brought into sight when the cells are there; null: none. */
  cell_id: string | null;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry | null;
  languages: IEditorLanguageRegistry | null;
  onStop: (index: number) => void;
  onOnlyDiffering: (value: boolean) => void;
  onPutBack: (cell: ICell) => void;
  onShowNow: (cell: ICell) => void;
  onOpenPresent: () => void;
  onFork: () => void;
  onRestore: () => void;
  onRetry: () => void;
}

export function AsItWasView(props: IAsItWasViewProps): JSX.Element {
  const { notebook, differences, trans } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const hasCells = !!notebook?.cells.length;
  React.useEffect(() => {
    if (hasCells && props.cell_id) {
      host.current
        ?.querySelector(`[data-cell-id="${CSS.escape(props.cell_id)}"]`)
        ?.scrollIntoView({ block: 'center' });
    }
  }, [hasCells, props.cell_id]);
  const isShown = (cell: ICell): boolean =>
    !props.isOnlyDiffering || !differences || differences.byCell.get(cell.id) !== 'same';
  return (
    <div className="ds-AsItWas">
      <Head {...props} />
      {props.problem && (
        <div className="ds-Problem" role="alert">
          {props.problem}{' '}
          <button className="ds-Link" onClick={props.onRetry}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
      <div className={`ds-AsItWas-cells${props.isBehind ? ' ds-mod-behind' : ''}`} ref={host} aria-busy={props.isBehind}>
        {notebook?.cells.filter(isShown).map(cell => (
          <CellView
            key={cell.id}
            cell={cell}
            language={notebook.language}
            difference={differences?.byCell.get(cell.id) ?? null}
            trans={trans}
            rendermime={props.rendermime}
            languages={props.languages}
            onPutBack={props.onPutBack}
            onShowNow={props.onShowNow}
          />
        ))}
        {notebook && !hasCells && <div className="ds-Empty">{trans.__('It had no cells then.')}</div>}
      </div>
    </div>
  );
}

function Head(props: IAsItWasViewProps): JSX.Element {
  const { stops, index, trans } = props;
  const stop: IStop | undefined = stops[index];
  const moment = stop ? momentText(stop.at, new Date(), trans) : '';
  return (
    <header className="ds-AsItWas-head">
      <div className="ds-AsItWas-row">
        <strong>{trans.__('%1 as it was', baseName(props.path))}</strong>
        {moment && <time dateTime={stop.at}>{moment}</time>}
        <span className="ds-AsItWas-verbs">
          <button className="ds-Button" onClick={props.onFork} title={trans.__('Continue from this state in a new folder')}>
            {trans.__('Fork…')}
          </button>
          <button className="ds-Button" onClick={props.onRestore} title={trans.__('Put files back as they were; you choose which')}>
            {trans.__('Restore…')}
          </button>
        </span>
      </div>
      <div className="ds-AsItWas-row">
        <button
          className="ds-Button"
          disabled={index <= 0}
          title={trans.__('One state earlier')}
          aria-label={trans.__('One state earlier')}
          onClick={() => props.onStop(index - 1)}
        >
          ◀
        </button>
        <input
          type="range"
          className="ds-AsItWas-slider"
          min={0}
          max={Math.max(0, stops.length - 1)}
          value={Math.max(0, index)}
          disabled={stops.length < 2}
          aria-label={trans.__('Moment in the history of this notebook')}
          aria-valuetext={[moment, stop?.title].filter(Boolean).join(', ')}
          onChange={event => props.onStop(Number(event.target.value))}
        />
        <button
          className="ds-Button"
          disabled={index < 0 || index >= stops.length - 1}
          title={trans.__('One state later')}
          aria-label={trans.__('One state later')}
          onClick={() => props.onStop(index + 1)}
        >
          ▶
        </button>
      </div>
      {index >= 0 && (
        <div className="ds-AsItWas-row ds-Hint">
          <span>{trans.__('%1 of %2', index + 1, stops.length)}</span>
          <span className="ds-AsItWas-what" title={stop?.title}>
            {stop?.title ? trans.__('after %1', stop.title) : ''}
          </span>
        </div>
      )}
      <Comparison {...props} />
    </header>
  );
}

function Comparison(props: IAsItWasViewProps): JSX.Element {
  const { differences, trans } = props;
  if (!differences) {
    return (
      <div className="ds-AsItWas-row ds-Hint" role="status">
        {trans.__('Read-only.')}{' '}
        <button className="ds-Link" onClick={props.onOpenPresent}>
          {trans.__('Open the notebook beside it to see what differs')}
        </button>
      </div>
    );
  }
  const added = differences.added.length;
  return (
    <div className="ds-AsItWas-row">
      <span className="ds-Hint" role="status">
        {trans.__('Read-only.')}{' '}
        {differences.n_different
          ? trans._n('%1 cell differs from now.', '%1 cells differ from now.', differences.n_different)
          : trans.__('Every cell is the same now.')}{' '}
        {added > 0 && trans._n('%1 cell is new since.', '%1 cells are new since.', added)}
      </span>
      <label className="ds-Runs-option">
        <input
          type="checkbox"
          checked={props.isOnlyDiffering}
          onChange={event => props.onOnlyDiffering(event.target.checked)}
        />
        {trans.__('Only what differs')}
      </label>
    </div>
  );
}
