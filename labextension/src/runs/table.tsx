/**
 * The table itself: only the rows in sight are in the document, the server sorts.
 *
 * One row has the focus: arrows move it, Enter opens the entry, Space ticks.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ColumnDef, flexRender, getCoreRowModel, Row, useReactTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import type { IRun, RunId } from '../api/types';
import { starFilledIcon, starIcon } from '../icons';
import { RunStateMark } from '../history/rows';
import { cellText, ColumnGroup, IColumn, nextSort, sortDirection, valueOf } from './columns';

export interface IRunsTableProps {
  runs: readonly IRun[];
  total: number;
  columns: readonly IColumn[];
  sort: string;
  ticked: readonly RunId[];
  now: Date;
  trans: TranslationBundle;
  onSort: (sort: string) => void;
  onOpen: (run: IRun) => void;
  onTick: (ids: RunId[]) => void;
  onStar: (run: IRun) => void;
  /** The last rows are in sight. */
  onEnd: () => void;
}

const ROW_HEIGHT = 28;
const OVERSCAN = 12;
/** Tick and star. */
const TOOL_COLUMNS = 2;

export function RunsTable(props: IRunsTableProps): JSX.Element {
  const { runs, trans } = props;
  const scroller = React.useRef<HTMLDivElement>(null);
  const [focused, setFocused] = React.useState(0);
  const columns = useColumns(props);
  const table = useReactTable({
    data: runs as IRun[],
    columns,
    getCoreRowModel: getCoreRowModel(),
    getRowId: run => run.id,
    columnResizeMode: 'onChange',
    manualSorting: true
  });
  const rows = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN
  });
  const shown = virtual.getVirtualItems();
  const first = shown[0]?.start ?? 0;
  const last = shown.length ? virtual.getTotalSize() - shown[shown.length - 1].end : 0;

  const isAtEnd = shown.length > 0 && shown[shown.length - 1].index >= rows.length - OVERSCAN;
  React.useEffect(() => {
    if (isAtEnd && runs.length < props.total) {
      props.onEnd();
    }
  }, [isAtEnd, runs.length, props.total]);

  const move = (to: number): void => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    setFocused(index);
    virtual.scrollToIndex(index);
    // The row may enter the document with this scroll only.
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus());
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const row = rows[focused];
    if (!row || (event.target as HTMLElement).tagName !== 'TR') {
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const acts: Record<string, () => void> = {
      ArrowDown: () => move(focused + 1),
      ArrowUp: () => move(focused - 1),
      PageDown: () => move(focused + page),
      PageUp: () => move(focused - page),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      Enter: () => props.onOpen(row.original),
      ' ': () => props.onTick(toggled(props.ticked, row.original.id))
    };
    if (event.key in acts) {
      event.preventDefault();
      acts[event.key]();
    }
  };

  return (
    <div className="ds-Runs-scroll" ref={scroller}>
      <table
        className="ds-Runs-table"
        style={{ width: table.getTotalSize() }}
        aria-label={trans.__('Runs')}
        aria-rowcount={props.total + 2}
        aria-colcount={columns.length}
        onKeyDown={onKeyDown}
      >
        <colgroup>
          {table.getVisibleLeafColumns().map(column => (
            <col key={column.id} style={{ width: column.getSize() }} />
          ))}
        </colgroup>
        <thead>
          <GroupRow columns={props.columns} trans={trans} />
          {table.getHeaderGroups().map(group => (
            <tr key={group.id} aria-rowindex={2}>
              {group.headers.map(header => {
                const column = header.column.columnDef.meta as IColumn | undefined;
                return (
                  <th
                    key={header.id}
                    scope="col"
                    className={columnClass(column)}
                    aria-sort={column && sortDirection(props.sort, column.id)}
                  >
                    {flexRender(header.column.columnDef.header, header.getContext())}
                    {header.column.getCanResize() && (
                      <span
                        className="ds-Runs-resize"
                        aria-hidden={true}
                        onMouseDown={header.getResizeHandler()}
                        onTouchStart={header.getResizeHandler()}
                        onDoubleClick={() => header.column.resetSize()}
                      />
                    )}
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {first > 0 && <Space height={first} />}
          {shown.map(item => (
            <TableRow
              key={rows[item.index].id}
              row={rows[item.index]}
              index={item.index}
              isFocused={item.index === Math.min(focused, rows.length - 1)}
              isTicked={props.ticked.includes(rows[item.index].original.id)}
              onFocus={setFocused}
              onOpen={props.onOpen}
            />
          ))}
          {last > 0 && <Space height={last} />}
        </tbody>
      </table>
    </div>
  );
}

/** Which columns are parameters, which metrics. */
function GroupRow(props: { columns: readonly IColumn[]; trans: TranslationBundle }): JSX.Element {
  const groups: { group: ColumnGroup; span: number }[] = [];
  for (const { group } of props.columns) {
    const last = groups[groups.length - 1];
    if (last?.group === group) {
      last.span += 1;
    } else {
      groups.push({ group, span: 1 });
    }
  }
  return (
    <tr className="ds-Runs-groups" aria-rowindex={1}>
      <td colSpan={TOOL_COLUMNS} />
      {groups.map(({ group, span }) => (
        <th key={group} scope="colgroup" colSpan={span}>
          {group === 'run' ? '' : groupText(group, props.trans)}
        </th>
      ))}
    </tr>
  );
}

/** Drawn again only when something of it changed: scrolling draws the rows that come into sight, not all. */
const TableRow = React.memo(function TableRow(props: {
  row: Row<IRun>;
  index: number;
  isFocused: boolean;
  isTicked: boolean;
  onFocus: (index: number) => void;
  onOpen: (run: IRun) => void;
}): JSX.Element {
  const { row } = props;
  return (
    <tr
      data-index={props.index}
      data-run={row.original.id}
      aria-rowindex={props.index + 3}
      aria-selected={props.isTicked}
      className={props.isTicked ? 'ds-mod-ticked' : ''}
      tabIndex={props.isFocused ? 0 : -1}
      style={{ height: ROW_HEIGHT }}
      onFocus={() => props.onFocus(props.index)}
      onClick={() => props.onOpen(row.original)}
    >
      {row.getVisibleCells().map(cell => (
        <td key={cell.id} className={columnClass(cell.column.columnDef.meta as IColumn | undefined)}>
          {flexRender(cell.column.columnDef.cell, cell.getContext())}
        </td>
      ))}
    </tr>
  );
});

/** Stands for the rows that are not in the document. */
function Space(props: { height: number }): JSX.Element {
  return (
    <tr aria-hidden={true} style={{ height: props.height }}>
      <td />
    </tr>
  );
}

function useColumns(props: IRunsTableProps): ColumnDef<IRun>[] {
  const { columns, trans, ticked, runs, sort, now } = props;
  return React.useMemo(() => {
    const isAllTicked = runs.length > 0 && runs.every(run => ticked.includes(run.id));
    const tick: ColumnDef<IRun> = {
      id: 'tick',
      size: 34,
      enableResizing: false,
      header: () => (
        <input
          type="checkbox"
          aria-label={trans.__('Select all runs shown')}
          checked={isAllTicked}
          onChange={() => props.onTick(isAllTicked ? [] : runs.map(run => run.id))}
        />
      ),
      cell: ({ row }) => (
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={trans.__('Select %1', row.original.name)}
          checked={ticked.includes(row.original.id)}
          onClick={event => event.stopPropagation()}
          onChange={() => props.onTick(toggled(ticked, row.original.id))}
        />
      )
    };
    const star: ColumnDef<IRun> = {
      id: 'star',
      size: 30,
      enableResizing: false,
      header: () => <span className="ds-Unseen">{trans.__('Star')}</span>,
      cell: ({ row }) => <Star run={row.original} trans={trans} onStar={props.onStar} />
    };
    return [
      tick,
      star,
      ...columns.map<ColumnDef<IRun>>(column => ({
        id: column.id,
        meta: column,
        size: WIDTHS[column.id] ?? Math.min(220, Math.max(96, 34 + column.title.length * 8)),
        minSize: 48,
        header: () => <Heading column={column} sort={sort} trans={trans} onSort={props.onSort} />,
        cell: ({ row }) => <Cell run={row.original} column={column} now={now} trans={trans} />
      }))
    ];
  }, [columns, ticked, runs, sort, now]);
}

const WIDTHS: Record<string, number> = { name: 150, state: 96, started_at: 146, duration_s: 96 };

function Heading(props: { column: IColumn; sort: string; trans: TranslationBundle; onSort: (sort: string) => void }): JSX.Element {
  const { column, sort, trans } = props;
  const direction = sortDirection(sort, column.id);
  return (
    <button
      title={`${column.title} · ${groupText(column.group, trans)}`}
      aria-label={trans.__('Sort by %1', column.title)}
      onClick={() => props.onSort(nextSort(sort, column))}
    >
      <span className="ds-Runs-title">{column.title}</span>
      <span aria-hidden={true}>{direction === 'ascending' ? ' ▲' : direction === 'descending' ? ' ▼' : ''}</span>
    </button>
  );
}

function Cell(props: { run: IRun; column: IColumn; now: Date; trans: TranslationBundle }): JSX.Element {
  const { run, column, trans } = props;
  if (column.id === 'state') {
    return (
      <span title={run.state_reason}>
        {run.state === 'finished' ? trans.__('finished') : <RunStateMark run={run} trans={trans} />}
      </span>
    );
  }
  const whole = valueOf(run, column.id);
  const title = column.id === 'name' ? `${run.name}\n${run.id}` : whole === undefined || whole === null ? '' : String(whole);
  const isCarried = run.carried_over.includes(column.title) && ['parameters', 'labels'].includes(column.group);
  return (
    <span title={isCarried ? `${title}\n${trans.__('from the run before')}` : title} className={isCarried ? 'ds-mod-carried' : ''}>
      {cellText(run, column, props.now, trans)}
    </span>
  );
}

function Star(props: { run: IRun; trans: TranslationBundle; onStar: (run: IRun) => void }): JSX.Element {
  const { run, trans } = props;
  return (
    <button
      className={`ds-Row-star${run.is_starred ? ' ds-mod-on' : ''}`}
      tabIndex={-1}
      aria-pressed={run.is_starred}
      title={run.is_starred ? trans.__('Remove the star') : trans.__('Star this run')}
      onClick={event => {
        event.stopPropagation();
        props.onStar(run);
      }}
    >
      {run.is_starred ? <starFilledIcon.react tag="span" /> : <starIcon.react tag="span" />}
    </button>
  );
}

export function groupText(group: ColumnGroup, trans: TranslationBundle): string {
  const words: Record<ColumnGroup, string> = {
    run: trans.__('Run'),
    parameters: trans.__('Parameters'),
    metrics: trans.__('Metrics'),
    summary: trans.__('Results'),
    labels: trans.__('Labels')
  };
  return words[group];
}

function columnClass(column: IColumn | undefined): string {
  return column ? `ds-mod-${column.group}${column.isNumeric ? ' ds-mod-number' : ''}` : 'ds-mod-tool';
}

function toggled(ids: readonly RunId[], id: RunId): RunId[] {
  return ids.includes(id) ? ids.filter(other => other !== id) : [...ids, id];
}
