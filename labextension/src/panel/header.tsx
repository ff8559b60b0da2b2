/** Where am I recorded: notebook, folder with its menu, the size of its history, pause and pin. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IStatus } from '../api/types';
import { pauseIcon, pinIcon, resumeIcon } from '../icons';
import { baseName } from '../paths';
import { sizeText } from '../words';

export interface IHeaderProps {
  path: string | null;
  status: IStatus | null;
  isPinned: boolean;
  trans: TranslationBundle;
  onFolderMenu: (anchor: DOMRect) => void;
  onPause: () => void;
  onResume: () => void;
  onPin: () => void;
}

export function Header(props: IHeaderProps): JSX.Element {
  const { path, status, trans } = props;
  const isPaused = status?.state === 'paused';
  return (
    <header className="ds-Header">
      <span className="ds-Header-notebook" title={path ?? ''}>
        {path ? baseName(path) : trans.__('No notebook')}
      </span>
      {status?.name && (
        <button
          className="ds-Header-folder"
          title={trans.__('Recorded in %1', status.root)}
          aria-haspopup="menu"
          onClick={event => props.onFolderMenu(event.currentTarget.getBoundingClientRect())}
        >
          {status.name}/ <span aria-hidden={true}>▾</span>
        </button>
      )}
      {!!status?.store_bytes && (
        <span className="ds-Header-size" title={trans.__('Disk space of this folder’s history')}>
          {sizeText(status.store_bytes)}
        </span>
      )}
      {status?.workspace && (
        <button
          className="ds-Header-button"
          aria-pressed={isPaused}
          title={isPaused ? trans.__('Resume recording in this folder') : trans.__('Pause recording in this folder')}
          onClick={isPaused ? props.onResume : props.onPause}
        >
          {isPaused ? <resumeIcon.react tag="span" /> : <pauseIcon.react tag="span" />}
        </button>
      )}
      {path && (
        <button
          className={`ds-Header-button${props.isPinned ? ' ds-mod-on' : ''}`}
          aria-pressed={props.isPinned}
          title={props.isPinned ? trans.__('Follow the active notebook') : trans.__('Hold on this notebook')}
          onClick={props.onPin}
        >
          <pinIcon.react tag="span" />
        </button>
      )}
    </header>
  );
}
