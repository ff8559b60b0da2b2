/** The extension: a list of plugins, each wiring one thing. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { asItWasPlugin } from './plugins/as-it-was';
import { cellMarksPlugin } from './plugins/cell-marks';
import { chartsViewPlugin } from './plugins/charts-view';
import { compareViewPlugin } from './plugins/compare-view';
import { contextMenuPlugin } from './plugins/context-menu';
import { entriesPlugin } from './plugins/entries';
import { folderPlugin } from './plugins/folder';
import { introductionPlugin } from './plugins/introduction';
import { lineageViewPlugin } from './plugins/lineage-view';
import { panelPlugin } from './plugins/panel';
import { recipesPlugin } from './plugins/recipes';
import { reportingPlugin } from './plugins/reporting';
import { runsViewPlugin } from './plugins/runs-view';
import { panelModelPlugin, servicePlugin } from './plugins/service';
import { settingsPlugin } from './plugins/settings';
import { statusBarPlugin } from './plugins/status-bar';

export { IDotscience } from './tokens';

const plugins: JupyterFrontEndPlugin<any>[] = [
  panelModelPlugin,
  servicePlugin,
  settingsPlugin,
  panelPlugin,
  folderPlugin,
  entriesPlugin,
  contextMenuPlugin,
  reportingPlugin,
  introductionPlugin,
  statusBarPlugin,
  cellMarksPlugin,
  runsViewPlugin,
  chartsViewPlugin,
  compareViewPlugin,
  lineageViewPlugin,
  asItWasPlugin,
  recipesPlugin
];

export default plugins;
