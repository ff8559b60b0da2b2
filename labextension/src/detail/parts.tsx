/** Small parts that entries share: the row of verbs and the row of tabs. */
import type { LabIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { recipeIcon } from '../icons';

export interface IVerb {
  label: string;
  icon?: LabIcon;
  title?: string;
  isDisabled?: boolean;
  onClick: () => void;
}

export function Verbs(props: { verbs: IVerb[] }): JSX.Element {
  return (
    <div className="ds-Verbs">
      {props.verbs.map(verb => (
        <button key={verb.label} title={verb.title ?? verb.label} disabled={verb.isDisabled} onClick={verb.onClick}>
          {verb.icon && <verb.icon.react tag="span" className="ds-Icon" />}
          <span>{verb.label}</span>
        </button>
      ))}
    </div>
  );
}

/** The same of a cell and of a run. */
export function recipeVerb(onClick: () => void, trans: TranslationBundle): IVerb {
  return {
    label: trans.__('Make the recipe'),
    icon: recipeIcon,
    title: trans.__('The cells that made it, as they were executed, as a notebook of their own; nothing runs'),
    onClick
  };
}

export interface ITab {
  id: string;
  label: string;
  /** Shown beside the label when not 0. */
  count?: number;
}

/** One tab has the focus; Left and Right move and choose it. */
export function TabBar(props: {
  tabs: ITab[];
  current: string;
  label: string;
  onChoose: (id: string) => void;
}): JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step) {
      return;
    }
    event.preventDefault();
    const at = props.tabs.findIndex(tab => tab.id === props.current);
    const next = (at + step + props.tabs.length) % props.tabs.length;
    props.onChoose(props.tabs[next].id);
    (host.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div className="ds-Tabs" role="tablist" aria-label={props.label} ref={host} onKeyDown={onKeyDown}>
      {props.tabs.map(tab => (
        <button
          key={tab.id}
          role="tab"
          data-tab={tab.id}
          aria-selected={tab.id === props.current}
          tabIndex={tab.id === props.current ? 0 : -1}
          onClick={() => props.onChoose(tab.id)}
        >
          {tab.label}
          {!!tab.count && <span className="ds-Tabs-count">{tab.count}</span>}
        </button>
      ))}
    </div>
  );
}
