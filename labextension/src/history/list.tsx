/**
 * The timeline as a tree: one row has the focus and the arrow keys move it.
 *
 * Enter opens, Space ticks a run, Right and Left unfold and fold, Home and End jump.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ExecutionId, IRun, RunId } from '../api/types';
import { clockText, dayText } from '../words';
import { chosenValues } from './chosen-values';
import { EmptyRow, ExecutionRow, RunRow } from './rows';
import type { IExecutionItem, IRunItem, TimelineItem } from './timeline';

export interface IHistoryListProps {
  items: readonly TimelineItem[];
  /** Newest first; they tell which values set the runs apart. */
  runs: readonly IRun[];
  ticked: readonly RunId[];
  /** Names of the values the reader wants in each run's row; empty: chosen by what differs. */
  shownValues: readonly string[];
  hasMore: boolean;
  trans: TranslationBundle;
  language?: string;
  /** The row to put the focus on when the list appears; null: leave the focus where it is. */
  returnTo: RunId | ExecutionId | null;
  onReturned: () => void;
  onOpenExecution: (id: ExecutionId) => void;
  onOpenRun: (id: RunId) => void;
  onTick: (id: RunId) => void;
  onToggleRun: (id: RunId) => void;
  onUnfold: (id: ExecutionId) => void;
  onStar: (run: IRun) => void;
  onMore: () => void;
}

export function HistoryList(props: IHistoryListProps): JSX.Element {
  const { items, trans } = props;
  const [focused, setFocused] = React.useState<string | null>(null);
  const host = React.useRef<HTMLDivElement>(null);
  const rows = items.filter(isRow);
  const current = rows.some(row => row.key === focused) ? focused : rows[0]?.key;

  const move = (key: string | undefined): void => {
    if (key !== undefined) {
      setFocused(key);
      host.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
    }
  };

  React.useLayoutEffect(() => {
    const id = props.returnTo;
    if (id !== null) {
      const row = rows.find(each => idOf(each) === id || (each.kind === 'execution' && each.repeats.some(other => other.id === id)));
      move(row?.key ?? rows[0]?.key);
      props.onReturned();
    }
  }, []);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const at = rows.findIndex(row => row.key === current);
    const row = rows[at];
    if (!row || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const acts: Record<string, () => void> = {
      ArrowDown: () => move(rows[at + 1]?.key),
      ArrowUp: () => move(rows[at - 1]?.key),
      Home: () => move(rows[0]?.key),
      End: () => move(rows[rows.length - 1]?.key),
      ArrowRight: () => fold(props, row, true),
      ArrowLeft: () => fold(props, row, false),
      Enter: () => open(props, row),
      ' ': () => row.kind === 'run' && props.onTick(row.run.id)
    };
    if (event.key in acts) {
      event.preventDefault();
      event.stopPropagation();
      acts[event.key]();
    }
  };

  return (
    <div className="ds-List" ref={host} role="tree" aria-label={trans.__('Cell history')} onKeyDown={onKeyDown}>
      {items.map(item =>
        isRow(item) ? (
          <Row
            key={item.key}
            {...props}
            item={item}
            isFocused={item.key === current}
            onFocus={() => setFocused(item.key)}
          />
        ) : (
          <Separator key={item.key} {...props} item={item} />
        )
      )}
      {props.hasMore && (
        <button className="ds-Link ds-List-more" onClick={props.onMore}>
          {trans.__('Show older')}
        </button>
      )}
    </div>
  );
}

type RowItem = IRunItem | IExecutionItem;

function Row(props: IHistoryListProps & { item: RowItem; isFocused: boolean; onFocus: () => void }): JSX.Element {
  const { item } = props;
  const isTicked = item.kind === 'run' && props.ticked.includes(item.run.id);
  const classes = ['ds-Row', `ds-mod-${item.kind}`];
  if (item.kind === 'execution') {
    classes.push(item.bracket ? `ds-mod-${item.bracket}` : 'ds-mod-free');
  } else if (item.isOpen && item.n_executions) {
    classes.push('ds-mod-open');
  }
  return (
    <div
      className={classes.join(' ')}
      role="treeitem"
      aria-level={item.kind === 'execution' && item.run ? 2 : 1}
      aria-expanded={item.kind === 'run' && item.n_executions ? item.isOpen : undefined}
      aria-selected={item.kind === 'run' ? isTicked : undefined}
      data-key={item.key}
      data-id={idOf(item)}
      tabIndex={props.isFocused ? 0 : -1}
      onFocus={props.onFocus}
      onClick={() => open(props, item)}
    >
      {item.kind === 'run' ? (
        <RunRow
          item={item}
          values={chosenValues(item.run, props.runs, props.shownValues)}
          isTicked={isTicked}
          trans={props.trans}
          onTick={() => props.onTick(item.run.id)}
          onToggle={() => props.onToggleRun(item.run.id)}
          onStar={() => props.onStar(item.run)}
        />
      ) : (
        <ExecutionRow item={item} trans={props.trans} onUnfold={() => props.onUnfold(item.execution.id)} />
      )}
    </div>
  );
}

function Separator(props: IHistoryListProps & { item: Exclude<TimelineItem, RowItem> }): JSX.Element {
  const { item, trans } = props;
  switch (item.kind) {
    case 'day':
      return (
        <div className="ds-List-day" role="presentation">
          {dayText(item.day, new Date(), trans, props.language)}
        </div>
      );
    case 'restart':
      return (
        <div className="ds-List-restart" role="presentation">
          <span>{trans.__('kernel restarted %1', clockText(item.at))}</span>
        </div>
      );
    case 'empty':
      return (
        <div className="ds-List-empty" role="presentation">
          <EmptyRow item={item} trans={trans} />
        </div>
      );
  }
}

function isRow(item: TimelineItem): item is RowItem {
  return item.kind === 'run' || item.kind === 'execution';
}

function idOf(row: RowItem): RunId | ExecutionId {
  return row.kind === 'run' ? row.run.id : row.execution.id;
}

function open(props: IHistoryListProps, row: RowItem): void {
  if (row.kind === 'run') {
    props.onOpenRun(row.run.id);
  } else {
    props.onOpenExecution(row.execution.id);
  }
}

function fold(props: IHistoryListProps, row: RowItem, isUnfolding: boolean): void {
  if (row.kind === 'run' && row.n_executions && row.isOpen !== isUnfolding) {
    props.onToggleRun(row.run.id);
  } else if (row.kind === 'execution' && row.repeats.length && isUnfolding) {
    props.onUnfold(row.execution.id);
  }
}
