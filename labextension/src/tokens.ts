/** What the plugins of this extension share with one another, and with other extensions that want it. */
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { DotscienceClient } from './api/client';
import type { IChanged, IStatus, RunId, StoreId } from './api/types';
import type { DocumentReporter } from './documents/reporter';
import type { PanelModel } from './panel/model';

/** The notebook that the panel is about: the last active one, or the pinned one. Signals fire after the change. */
export interface IFocus {
  /** As Jupyter's contents name it, relative to the server's root; null: no notebook is open. */
  readonly path: string | null;
  /** Known once the first status has come. */
  readonly status: IStatus | null;
  readonly workspace: StoreId | null;
  /** The same notebook as the workspace names it. */
  readonly workspacePath: string | null;
  readonly isPinned: boolean;
  /** Another notebook, the same one renamed, or a new status. */
  readonly changed: ISignal<IFocus, void>;
}

/** Which runs are ticked in the panel; the Charts tab and the Runs table show and change the same set. */
export interface ISelection {
  /** In the order ticked. */
  readonly ids: readonly RunId[];
  readonly changed: ISignal<ISelection, void>;
  toggle(id: RunId): void;
  set(ids: readonly RunId[]): void;
}

/** The one service: how to ask, how to hear, and what the page is about. */
export interface IDotscience {
  readonly client: DotscienceClient;
  /** What the server says has changed; names only. */
  readonly changed: ISignal<unknown, IChanged>;
  readonly focus: IFocus;
  readonly selection: ISelection;
}

export const IDotscience = new Token<IDotscience>(
  'dotscience-jlab:IDotscience',
  'Requests to the recorder, live changes, the notebook in focus and the ticked runs.'
);

/** What the side panel shows; shared among our own plugins only. */
export const IPanelModel = new Token<PanelModel>('dotscience-jlab:IPanelModel', 'What the side panel shows.');

/** Tells the recorder what open notebooks hold; shared among our own plugins only. */
export const IDocumentReporter = new Token<DocumentReporter>(
  'dotscience-jlab:IDocumentReporter',
  'Tells the recorder what open notebooks hold.'
);

/** The reader's settings, with their defaults. */
export interface IChosenSettings {
  /** One glyph on cells: edited since it ran, or ran in an earlier kernel session. */
  readonly showRunMarks: boolean;
  /** Names of the values in each run's row; empty: chosen by what differs. */
  readonly shownValues: readonly string[];
  /** The one notification has been shown. */
  readonly isIntroduced: boolean;
  /** Resolves when they are read. */
  readonly ready: Promise<void>;
  readonly changed: ISignal<IChosenSettings, void>;
  markIntroduced(): Promise<void>;
}

export const IChosenSettings = new Token<IChosenSettings>('dotscience-jlab:IChosenSettings', 'Settings of Dotscience.');
