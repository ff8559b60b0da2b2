/** Runs as columns, names as rows; what differs stands out, numbers say by how much. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ICompareFile, ICompareRow, IRun, JsonFloat, RunId } from '../api/types';
import { RunName } from '../history/run-name';
import { numberText, scalarText, sizeText } from '../words';
import { deltaOf, extremesOf } from './rows';

export interface ICompareTableProps {
  runs: readonly IRun[];
  rows: readonly ICompareRow[];
  files: readonly ICompareFile[];
  trans: TranslationBundle;
  onOpen: (run: IRun) => void;
  onFirst: (run: RunId) => void;
  onLeaveOut: (run: RunId) => void;
  onFile: (path: string) => void;
}

const VALUE_WIDTH = 60;

export function CompareTable(props: ICompareTableProps): JSX.Element {
  const { runs, rows, files, trans } = props;
  return (
    <table className="ds-Compare-table">
      <thead>
        <tr>
          <th scope="col">
            <span className="ds-Unseen">{trans.__('Name')}</span>
          </th>
          {runs.map((run, index) => (
            <th key={run.id} scope="col">
              <RunHeading {...props} run={run} isFirst={index === 0} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <React.Fragment key={`${row.group}.${row.name}`}>
            {row.group !== rows[index - 1]?.group && <GroupRow title={groupText(row.group, trans)} columns={runs.length + 1} />}
            <ValueRow row={row} trans={trans} />
          </React.Fragment>
        ))}
        {files.length > 0 && <GroupRow title={trans.__('Data')} columns={runs.length + 1} />}
        {files.map(file => (
          <FileRow key={`${file.role}:${file.path}`} file={file} trans={trans} onFile={props.onFile} />
        ))}
      </tbody>
    </table>
  );
}

function RunHeading(props: ICompareTableProps & { run: IRun; isFirst: boolean }): JSX.Element {
  const { run, isFirst, trans } = props;
  return (
    <div className="ds-Compare-run">
      <button className="ds-Link" title={`${run.name}\n${trans.__('Open this run')}`} onClick={() => props.onOpen(run)}>
        <RunName name={run.name} />
      </button>
      {isFirst ? (
        <span className="ds-Hint">{trans.__('measured against')}</span>
      ) : (
        <button
          className="ds-Compare-tool"
          title={trans.__('Measure the others against this one')}
          onClick={() => props.onFirst(run.id)}
        >
          ⇤
        </button>
      )}
      {props.runs.length > 2 && (
        <button className="ds-Compare-tool" title={trans.__('Leave this run out')} onClick={() => props.onLeaveOut(run.id)}>
          ×
        </button>
      )}
    </div>
  );
}

function GroupRow(props: { title: string; columns: number }): JSX.Element {
  return (
    <tr className="ds-Compare-group">
      <th scope="rowgroup" colSpan={props.columns}>
        {props.title}
      </th>
    </tr>
  );
}

function ValueRow(props: { row: ICompareRow; trans: TranslationBundle }): JSX.Element {
  const { row, trans } = props;
  const extremes = row.values.length > 2 ? extremesOf(row.values) : null;
  return (
    <tr className={row.is_different ? 'ds-mod-different' : ''}>
      <th scope="row" title={row.name}>
        {row.name}
      </th>
      {row.values.map((value, index) => (
        <td key={index} className={isNumber(value) ? 'ds-mod-number' : ''} title={value === null ? '' : String(value)}>
          <Value value={value} trans={trans} />
          {index > 0 && <Delta first={row.values[0]} value={value} />}
          {extremes?.high === index && <span className="ds-Compare-mark">{trans.__('highest')}</span>}
          {extremes?.low === index && <span className="ds-Compare-mark">{trans.__('lowest')}</span>}
        </td>
      ))}
    </tr>
  );
}

function Value(props: { value: unknown; trans: TranslationBundle }): JSX.Element {
  const { value, trans } = props;
  if (value === null || value === undefined) {
    return <span className="ds-Hint">{trans.__('none')}</span>;
  }
  if (isNumber(value)) {
    return <>{numberText(value as JsonFloat, 5)}</>;
  }
  return <>{typeof value === 'object' ? JSON.stringify(value) : scalarText(value as string, VALUE_WIDTH)}</>;
}

/** '+0.02 (+2.2 %)' */
function Delta(props: { first: unknown; value: unknown }): JSX.Element | null {
  const found = deltaOf(props.first, props.value);
  if (!found) {
    return null;
  }
  const sign = found.delta > 0 ? '+' : '−';
  const percent = found.percent === null ? '' : ` (${sign}${numberText(Math.abs(found.percent), 2)} %)`;
  return <span className="ds-Compare-delta">{`${sign}${numberText(Math.abs(found.delta), 3)}${percent}`}</span>;
}

/** The same letter is the same content: whole digests tell nobody anything. */
function FileRow(props: { file: ICompareFile; trans: TranslationBundle; onFile: (path: string) => void }): JSX.Element {
  const { file, trans } = props;
  const present = file.digests.filter(digest => digest !== null);
  const versions = [...new Set(present)];
  const contentText = (digest: string): string =>
    versions.length > 1
      ? trans.__('version %1', letterOf(versions.indexOf(digest)))
      : present.length > 1
        ? trans.__('same content')
        : trans.__('only here');
  return (
    <tr className={file.is_different ? 'ds-mod-different' : ''}>
      <th scope="row" title={file.path}>
        <button className="ds-Link" title={trans.__('Where does this come from?')} onClick={() => props.onFile(file.path)}>
          {file.path}
        </button>{' '}
        <span className="ds-Hint">{file.role === 'input' ? trans.__('read') : trans.__('written')}</span>
      </th>
      {file.digests.map((digest, index) => {
        const size = file.sizes[index];
        return (
          <td key={index} title={digest ?? ''}>
            {digest === null && size === null ? (
              <span className="ds-Hint">{trans.__('none')}</span>
            ) : (
              <>
                {digest !== null && contentText(digest)}{' '}
                {size !== null && <span className="ds-Hint">{sizeText(size)}</span>}
              </>
            )}
          </td>
        );
      })}
    </tr>
  );
}

/** 0 -> 'A', 25 -> 'Z', 26 -> 'AA' */
function letterOf(index: number): string {
  return (index >= 26 ? letterOf(Math.floor(index / 26) - 1) : '') + String.fromCharCode(65 + (index % 26));
}

function groupText(group: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    parameters: trans.__('Parameters'),
    metrics: trans.__('Metrics'),
    summary: trans.__('Results'),
    labels: trans.__('Labels'),
    environment: trans.__('Environment')
  };
  return words[group] ?? group;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || value === 'NaN' || value === 'Infinity' || value === '-Infinity';
}
