/** The History tab: search, filter, the timeline, and the bar that appears with a selection. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { HistoryList, IHistoryListProps } from './list';
import type { TimelineFilter } from './timeline';

export interface IHistoryViewProps extends IHistoryListProps {
  isLoaded: boolean;
  problem: string;
  filter: TimelineFilter;
  text: string;
  /** Set while only one cell's history is shown. */
  cellTitle: string | null;
  onSearch: (text: string) => void;
  onFilter: (filter: TimelineFilter) => void;
  onWholeNotebook: () => void;
  onRetry: () => void;
  onCompare: () => void;
  onCopyRows: () => void;
  onLabel: () => void;
  onClearTicks: () => void;
  onAllRuns: () => void;
}

const SEARCH_PAUSE_MS = 250;

export function HistoryView(props: IHistoryViewProps): JSX.Element {
  const { trans } = props;
  return (
    <div className="ds-History">
      <div className="ds-History-tools">
        <Search text={props.text} trans={trans} onSearch={props.onSearch} />
        <Filter {...props} />
      </div>
      {props.cellTitle !== null && (
        <div className="ds-History-cell">
          <span>{trans.__('Only %1', props.cellTitle)}</span>
          <button className="ds-Link" onClick={props.onWholeNotebook}>
            {trans.__('Whole notebook')}
          </button>
        </div>
      )}
      {props.problem && (
        <div className="ds-Problem" role="alert">
          {props.problem}{' '}
          <button className="ds-Link" onClick={props.onRetry}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
      <div className="ds-History-scroll">
        {props.items.length ? <HistoryList {...props} /> : props.isLoaded && !props.problem && <Nothing {...props} />}
      </div>
      {props.ticked.length > 0 && <SelectionBar {...props} />}
      <div className="ds-History-foot">
        <button className="ds-Link" onClick={props.onAllRuns}>
          {trans.__('All runs')} ↗
        </button>
      </div>
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
      className="ds-Search"
      placeholder={props.trans.__('Search…')}
      title={props.trans.__('Search code, outputs and files')}
      aria-label={props.trans.__('Search the history')}
      value={draft}
      onChange={event => setDraft(event.target.value)}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          props.onSearch(draft);
        } else if (event.key === 'Escape' && draft) {
          event.stopPropagation();
          setDraft('');
          props.onSearch('');
        }
      }}
    />
  );
}

function Filter(props: IHistoryViewProps): JSX.Element {
  const { trans } = props;
  const choices: [TimelineFilter, string, string][] = [
    ['all', trans.__('All cells'), trans.__('Cell history: every execution of every cell')],
    ['runs', trans.__('Runs only'), trans.__('A run is what you compare: parameters, metrics, files and an end state')]
  ];
  return (
    <div className="ds-Segments" role="radiogroup" aria-label={trans.__('What to show')}>
      {choices.map(([value, label, explanation]) => (
        <button
          key={value}
          role="radio"
          aria-checked={props.filter === value}
          title={explanation}
          onClick={() => props.onFilter(value)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

function SelectionBar(props: IHistoryViewProps): JSX.Element {
  const { trans } = props;
  const count = props.ticked.length;
  return (
    <div className="ds-Selection" role="toolbar" aria-label={trans.__('Selected runs')}>
      <span className="ds-Selection-count">{trans.__('%1 selected', count)}</span>
      {count > 1 && <button onClick={props.onCompare}>{trans.__('Compare')}</button>}
      <button onClick={props.onCopyRows} title={trans.__('Copy as a table that a spreadsheet pastes')}>
        {trans.__('Copy rows')}
      </button>
      <button onClick={props.onLabel}>{trans.__('Label')}</button>
      <button className="ds-Selection-clear" title={trans.__('Clear the selection')} onClick={props.onClearTicks}>
        ✕
      </button>
    </div>
  );
}

/** An empty list teaches in one sentence and one copyable line. */
function Nothing(props: IHistoryViewProps): JSX.Element {
  const { trans } = props;
  if (props.text) {
    return <div className="ds-Empty">{trans.__('Nothing here matches “%1”.', props.text)}</div>;
  }
  if (props.filter === 'runs') {
    return (
      <div className="ds-Empty">
        <p>{trans.__('A run begins when a cell records a value:')}</p>
        <code>import dotscience_jlab as ds; ds.metric("acc", 0.9)</code>
      </div>
    );
  }
  return (
    <div className="ds-Empty">
      <p>{trans.__('Run a cell: its code, outputs and files appear here.')}</p>
    </div>
  );
}
