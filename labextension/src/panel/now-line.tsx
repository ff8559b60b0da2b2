/** The NOW line: what runs, for how long, its newest value and an interrupt; else how it is with the recording. */
import { stopIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ISeries, IStatus } from '../api/types';
import { promptText } from '../history/rows';
import { ageOf, clockDuration } from '../words';
import { Dot, lacksFiles, lostText, statusText, whoText } from './dot';
import { INow, sparkline } from './now';

const SPARK_WIDTH = 48;
const SPARK_HEIGHT = 14;
const IDLE_TICK_MS = 10_000;

export interface INowLineProps {
  status: IStatus | null;
  now: INow | null;
  /** Points of the shown metric, for the small line. */
  series: ISeries | null;
  trans: TranslationBundle;
  onInterrupt: () => void;
  /** Do what the status offers as its remedy. */
  onRemedy: () => void;
  /** Get the lost history of this folder back. */
  onGetBack: () => void;
  onOpenNow: () => void;
}

export function NowLine(props: INowLineProps): JSX.Element {
  const { status, trans } = props;
  const isRunning = props.now !== null && status?.state !== 'paused' && status?.state !== 'not_recorded';
  const clock = useClock(isRunning ? 1000 : IDLE_TICK_MS);
  if (!status) {
    return <div className="ds-Now ds-mod-idle" role="status" />;
  }
  if (isRunning) {
    return <Running {...props} now={props.now!} clock={clock} />;
  }
  const isProblem = status.state === 'not_recorded';
  const remedy = remedyLabel(status, trans);
  const who = isProblem ? '' : whoText(status, trans);
  const lost = isProblem ? '' : lostText(status, clock, trans);
  return (
    <div className={`ds-Now ds-mod-${status.state}`} role="status">
      <Dot state={status.state} />
      <span className="ds-Now-text" title={status.reason}>
        {status.workspace || isProblem ? statusText(status, clock, trans) : lost || status.reason || trans.__('recording')}
        {status.workspace && lost && <span className="ds-Hint"> {lost}</span>}
        {(isProblem || lacksFiles(status)) && status.remedy && <span className="ds-Hint"> {status.remedy}</span>}
        {who && <div className="ds-Hint">{who}</div>}
      </span>
      {lost && status.can_get_back && <button onClick={props.onGetBack}>{trans.__('Get it back')}</button>}
      {remedy && <button onClick={props.onRemedy}>{remedy}</button>}
    </div>
  );
}

function Running(props: INowLineProps & { now: INow; clock: Date }): JSX.Element {
  const { now, trans, clock } = props;
  const line = sparkline(props.series, SPARK_WIDTH, SPARK_HEIGHT - 2);
  return (
    <div className="ds-Now ds-mod-running" role="status" aria-live="off">
      <Dot state={props.status?.state ?? 'recording'} />
      <button className="ds-Now-text ds-mod-open" title={now.execution.source.slice(0, 500)} onClick={props.onOpenNow}>
        {promptText(now.execution)} {trans.__('running')} {clockDuration(ageOf(now.execution.started_at, clock))}
      </button>
      {now.metric && (
        <span className="ds-Now-metric" title={`${now.metric.name} = ${now.metric.text}`}>
          <span className="ds-Value-name">{now.metric.name}</span> <span className="ds-Value-text">{now.metric.text}</span>
        </span>
      )}
      {line && (
        <svg className="ds-Now-spark" width={SPARK_WIDTH} height={SPARK_HEIGHT} aria-hidden={true}>
          <polyline points={line} transform="translate(0 1)" />
        </svg>
      )}
      <button className="ds-Now-stop" title={trans.__('Interrupt the kernel')} onClick={props.onInterrupt}>
        <stopIcon.react tag="span" />
      </button>
    </div>
  );
}

/** '' when there is nothing a button could do. */
function remedyLabel(status: IStatus, trans: TranslationBundle): string {
  switch (status.remedy_command) {
    case '':
    case 'get_back': // a button of its own
      return '';
    case 'resume':
      return trans.__('Resume');
    case 'retry':
      return trans.__('Try again');
    default:
      // A later recorder may offer more than this version knows: asking again is always safe.
      return trans.__('Try again');
  }
}

/** The present, renewed while the page is in front. */
function useClock(every_ms: number): Date {
  const [now, setNow] = React.useState(new Date());
  React.useEffect(() => {
    setNow(new Date());
    const timer = window.setInterval(() => {
      if (document.visibilityState !== 'hidden') {
        setNow(new Date());
      }
    }, every_ms);
    return () => window.clearInterval(timer);
  }, [every_ms]);
  return now;
}
