/** The Runs tab of the main area: search, the table, and what can be done with the ticked ones. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRun, RunId } from '../api/types';
import { differingColumns, fixedColumns, recordedColumns } from './columns';
import { RunsTable } from './table';

export interface IRunsViewProps {
  runs: readonly IRun[];
  total: number;
  isLoaded: boolean;
  problem: string;
  sort: string;
  text: string;
  /** Only runs of this notebook; null: of the whole folder. */
  path: string | null;
  isOnlyDiffering: boolean;
  ticked: readonly RunId[];
  trans: TranslationBundle;
  onSearch: (text: string) => void;
  onSort: (sort: string) => void;
  onWholeFolder: () => void;
  onOnlyDiffering: (value: boolean) => void;
  onOpen: (run: IRun) => void;
  onTick: (ids: RunId[]) => void;
  onStar: (run: IRun) => void;
  onEnd: () => void;
  onRetry: () => void;
  onCompare: () => void;
  onCharts: () => void;
  onCopyRows: () => void;
  onLabel: () => void;
}

const SEARCH_PAUSE_MS = 250;

export function RunsView(props: IRunsViewProps): JSX.Element {
  const { runs, trans } = props;
  const now = React.useMemo(() => new Date(), [runs]);
  const columns = React.useMemo(() => {
    const all = [...fixedColumns(trans), ...recordedColumns(runs)];
    return props.isOnlyDiffering ? differingColumns(runs, all) : all;
  }, [runs, props.isOnlyDiffering]);
  return (
    <div className="ds-Runs">
      <div className="ds-Runs-tools">
        <Search text={props.text} trans={trans} onSearch={props.onSearch} />
        {props.path !== null && (
          <span className="ds-Chip">
            {trans.__('only %1', props.path)}{' '}
            <button className="ds-Link" title={trans.__('Show the runs of the whole folder')} onClick={props.onWholeFolder}>
              ×
            </button>
          </span>
        )}
        <label className="ds-Runs-option">
          <input
            type="checkbox"
            checked={props.isOnlyDiffering}
            onChange={event => props.onOnlyDiffering(event.target.checked)}
          />
          {trans.__('Only columns that differ')}
        </label>
        <span className="ds-Runs-count ds-Hint" role="status">
          {trans._n('%1 run', '%1 runs', props.total)}
        </span>
        <Verbs {...props} />
      </div>
      {props.problem && (
        <div className="ds-Problem" role="alert">
          {props.problem}{' '}
          <button className="ds-Link" onClick={props.onRetry}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
      {runs.length ? (
        <RunsTable {...props} columns={columns} now={now} />
      ) : (
        props.isLoaded && !props.problem && <NoRuns text={props.text} trans={trans} />
      )}
    </div>
  );
}

/** Always in the same place: what needs a selection is greyed out until there is one. */
function Verbs(props: IRunsViewProps): JSX.Element {
  const { trans } = props;
  const count = props.ticked.length;
  return (
    <div className="ds-Runs-verbs" role="toolbar" aria-label={trans.__('Selected runs')}>
      {count > 0 && (
        <span className="ds-Selection-count">
          {trans.__('%1 selected', count)}{' '}
          <button className="ds-Link" title={trans.__('Clear the selection')} onClick={() => props.onTick([])}>
            ✕
          </button>
        </span>
      )}
      <button
        className="ds-Button ds-mod-accept"
        disabled={count < 2}
        title={trans.__('Tick two or more runs to see what differs')}
        onClick={props.onCompare}
      >
        {trans.__('Compare')}
      </button>
      <button className="ds-Button" disabled={!count} onClick={props.onCharts}>
        {trans.__('Charts')}
      </button>
      <button
        className="ds-Button"
        disabled={!count}
        title={trans.__('Copy as a table that a spreadsheet pastes')}
        onClick={props.onCopyRows}
      >
        {trans.__('Copy rows')}
      </button>
      <button className="ds-Button" disabled={!count} onClick={props.onLabel}>
        {trans.__('Label')}
      </button>
    </div>
  );
}

function Search(props: { text: string; trans: TranslationBundle; onSearch: (text: string) => void }): JSX.Element {
  const [draft, setDraft] = React.useState(props.text);
  React.useEffect(() => setDraft(props.text), [props.text]);
  React.useEffect(() => {
    if (draft === props.text) {
      return;
    }
    const timer = window.setTimeout(() => props.onSearch(draft), SEARCH_PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [draft]);
  return (
    <input
      type="search"
      className="ds-Field ds-Runs-search"
      placeholder={props.trans.__('Name, note, label, parameter…')}
      aria-label={props.trans.__('Search the runs')}
      value={draft}
      onChange={event => setDraft(event.target.value)}
    />
  );
}

function NoRuns(props: { text: string; trans: TranslationBundle }): JSX.Element {
  const { text, trans } = props;
  return text ? (
    <div className="ds-Empty">{trans.__('No run matches “%1”.', text)}</div>
  ) : (
    <div className="ds-Empty">
      <p>{trans.__('A run begins when a cell records a value:')}</p>
      <code>import dotscience_jlab as ds; ds.metric("acc", 0.9)</code>
    </div>
  );
}
