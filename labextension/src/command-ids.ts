/** Names of every command, with the arguments each takes. All are in the palette's one category. */

export const CATEGORY = 'Dotscience';

export const CommandIDs = {
  /** Open or focus the side panel. `{tab?: 'history' | 'charts' | 'lineage'}` */
  showPanel: 'dotscience:show-panel',
  /** Hold the panel on the notebook it shows, or follow the active one again. */
  togglePin: 'dotscience:toggle-pin',
  /** Filter the timeline to what was run in a cell. `{cell_id?}`: default the active cell */
  cellHistory: 'dotscience:cell-history',
  /** Open one entry in the panel. `{workspace, execution}` or `{workspace, run}`, ids */
  showEntry: 'dotscience:show-entry',
  /** `{}`: of the notebook shown in the panel */
  interrupt: 'dotscience:interrupt-kernel',
  /** A line of the folder menu that says where; it does nothing. */
  root: 'dotscience:root',
  snapshot: 'dotscience:take-snapshot',
  pause: 'dotscience:pause',
  resume: 'dotscience:resume',
  off: 'dotscience:off-here',
  widen: 'dotscience:widen-to-parent',
  forget: 'dotscience:forget-history',
  /** The history that this folder had, from where a copy was kept. */
  getBack: 'dotscience:get-history-back',
  checkup: 'dotscience:doctor',
  /** Of the notebook in the panel: outputs that arrived while it was closed, into their cells. */
  putBackOutputs: 'dotscience:put-back-outputs',
  /** `{workspace, run, is_starred}` */
  star: 'dotscience:star-run',
  /** `{text}` */
  copyCode: 'dotscience:copy-code',
  /** `{workspace, snapshot, path?, at?}`; path: the file ticked at first; at: the instant the state is from, for the words */
  restore: 'dotscience:restore',
  undoRestore: 'dotscience:undo-restore',
  /** `{workspace, session, snapshot, path?}`: of a kernel that was cut off, and the last state before its end */
  resumeCutOff: 'dotscience:resume-cut-off',
  /** `{workspace, snapshot, path?}`; path: a notebook in it, opened at once */
  fork: 'dotscience:fork',
  /** `{workspace, of, path?}`; of: run:REF, file:PATH, variable:NAME, execution:ID; path: of the notebook it lies beside */
  makeRecipe: 'dotscience:make-recipe',
  /** `{workspace, of}` */
  confirmRecipe: 'dotscience:confirm-recipe',
  /** `{workspace, execution}` */
  keepAsRun: 'dotscience:keep-as-run',
  /** Keep a number of the active cell's newest output as a run. */
  keepNumber: 'dotscience:keep-number',
  /** `{workspace, runs: [id], path?}`: tab-separated rows into the clipboard */
  copyRows: 'dotscience:copy-rows',
  /** `{workspace, runs: [id]}` */
  label: 'dotscience:label-runs',

  // Answered by the main area (src/plugins/{runs,compare,lineage,as-it-was}.ts)

  /** `{workspace, path?}`: the table of all runs */
  openRuns: 'dotscience:open-runs',
  /** `{workspace, runs: [id, id, …]}` */
  compare: 'dotscience:compare',
  /** `{workspace, runs: [id, …], name?}`: the large chart */
  openChart: 'dotscience:open-chart',
  /** `{workspace, of}`; of: file:PATH, run:REF, execution:ID, notebook:PATH */
  openLineage: 'dotscience:open-lineage',
  /** `{workspace, snapshot, path, cell_id?}`: the notebook as it was, read-only, beside the present one */
  asItWas: 'dotscience:show-as-it-was',
  /** Of the file chosen in the file browser. */
  whereFrom: 'dotscience:where-from'
} as const;
