/** The Compare tab of the main area: what differs first, then each kind of difference by itself. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IComparison, IRun, RunId } from '../api/types';
import { TabBar } from '../detail/parts';
import { CodeDifferences } from './code';
import { CompareTab, countsOf, filesOf, rowsOf, TABS } from './rows';
import { CompareTable } from './table';

export interface ICompareViewProps {
  comparison: IComparison | null;
  problem: string;
  tab: CompareTab;
  /** The runs' charts, drawn under the metrics. */
  charts: React.ReactNode;
  trans: TranslationBundle;
  onTab: (tab: CompareTab) => void;
  onOpen: (run: IRun) => void;
  onFirst: (run: RunId) => void;
  onLeaveOut: (run: RunId) => void;
  onFile: (path: string) => void;
  onCopyRows: () => void;
  onRetry: () => void;
}

export function CompareView(props: ICompareViewProps): JSX.Element {
  const { comparison, tab, trans } = props;
  const counts = React.useMemo(() => (comparison ? countsOf(comparison) : null), [comparison]);
  return (
    <div className="ds-Compare">
      <div className="ds-Compare-head">
        <TabBar
          tabs={TABS.map(id => ({ id, label: tabText(id, trans), count: counts?.[id] }))}
          current={tab}
          label={trans.__('What to compare')}
          onChoose={id => props.onTab(id as CompareTab)}
        />
        <button className="ds-Button" title={trans.__('Copy as a table that a spreadsheet pastes')} onClick={props.onCopyRows}>
          {trans.__('Copy rows')}
        </button>
      </div>
      {props.problem && (
        <div className="ds-Problem" role="alert">
          {props.problem}{' '}
          <button className="ds-Link" onClick={props.onRetry}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
      <div className="ds-Compare-body" role="tabpanel" aria-label={tabText(tab, trans)}>
        {comparison ? (
          <Content {...props} comparison={comparison} />
        ) : (
          !props.problem && <div className="ds-Empty">{trans.__('Comparing…')}</div>
        )}
      </div>
    </div>
  );
}

function Content(props: ICompareViewProps & { comparison: IComparison }): JSX.Element {
  const { comparison, tab, trans } = props;
  if (tab === 'code') {
    return <CodeDifferences code={comparison.code} trans={trans} />;
  }
  const rows = rowsOf(comparison.rows, tab);
  const files = filesOf(comparison.files, tab);
  return (
    <>
      {rows.length + files.length > 0 ? (
        <CompareTable {...props} runs={comparison.runs} rows={rows} files={files} />
      ) : (
        <div className="ds-Empty">{nothingText(comparison, tab, trans)}</div>
      )}
      {tab === 'differences' && comparison.code.length > 0 && (
        <>
          <h3 className="ds-Compare-title">{trans.__('Code')}</h3>
          <CodeDifferences code={comparison.code} trans={trans} />
        </>
      )}
      {tab === 'metrics' && <div className="ds-Compare-charts">{props.charts}</div>}
    </>
  );
}

function tabText(tab: CompareTab, trans: TranslationBundle): string {
  const words: Record<CompareTab, string> = {
    differences: trans.__('What differs'),
    parameters: trans.__('Parameters'),
    metrics: trans.__('Metrics'),
    code: trans.__('Code'),
    data: trans.__('Data'),
    environment: trans.__('Environment')
  };
  return words[tab];
}

function nothingText(comparison: IComparison, tab: CompareTab, trans: TranslationBundle): string {
  switch (tab) {
    case 'differences':
      return comparison.code.length
        ? trans.__('Only the code differs:')
        : trans.__('Nothing recorded differs: same parameters, results, code, data and environment.');
    case 'environment':
      return trans.__('The same Python, packages and machine in all of them.');
    case 'data':
      return trans.__('None of them read or wrote a file that was seen.');
    default:
      return trans.__('None of them recorded any.');
  }
}
