/** The icons that JupyterLab does not bring: drawn on its 16-pixel grid, coloured by its `jp-icon` classes. */
import { LabIcon } from '@jupyterlab/ui-components';

const icon = (name: string, drawing: string): LabIcon =>
  new LabIcon({
    name: `dotscience:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><g class="jp-icon3" fill="#616161">${drawing}</g></svg>`
  });

/** A dot, and the states it came through. */
export const dotscienceIcon = icon(
  'dotscience',
  '<path d="M8 2.5a5.5 5.5 0 1 0 5.5 5.5h-1.3A4.2 4.2 0 1 1 8 3.8z"/><circle cx="8" cy="8" r="2"/><circle cx="12.2" cy="3.8" r="1.5"/>'
);
export const starIcon = icon(
  'star',
  '<path d="M8 1.6l1.9 4 4.4.6-3.2 3 .8 4.4L8 11.5l-3.9 2.1.8-4.4-3.2-3 4.4-.6zm0 2.5L6.9 6.5l-2.6.3 1.9 1.8-.5 2.6L8 10l2.3 1.2-.5-2.6 1.9-1.8-2.6-.3z"/>'
);
export const starFilledIcon = icon(
  'star-filled',
  '<path d="M8 1.6l1.9 4 4.4.6-3.2 3 .8 4.4L8 11.5l-3.9 2.1.8-4.4-3.2-3 4.4-.6z"/>'
);
export const pinIcon = icon('pin', '<path d="M5.5 1.5h5v1.2l-.8.6v3.5l1.8 1.8v1.1H8.6V14L8 15l-.6-1V9.7H4.5V8.6l1.8-1.8V3.3l-.8-.6z"/>');
export const pauseIcon = icon('pause', '<path d="M4.5 3h2.3v10H4.5zM9.2 3h2.3v10H9.2z"/>');
export const resumeIcon = icon('resume', '<path d="M4.8 2.8l8.2 5.2-8.2 5.2z"/>');
export const snapshotIcon = icon(
  'snapshot',
  '<path d="M5.6 2.8h4.8l1 1.7h2.1v8.7h-11V4.5h2.1zM8 5.8a3 3 0 1 0 0 6 3 3 0 0 0 0-6zm0 1.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z"/>'
);
export const forkIcon = icon(
  'fork',
  '<path d="M4.5 1.8a1.9 1.9 0 0 1 .6 3.7v1c0 .7.5 1.2 1.2 1.2h3.4c.7 0 1.2-.5 1.2-1.2v-1a1.9 1.9 0 1 1 1.2 0v1c0 1.4-1 2.4-2.4 2.4H8.6v1.6a1.9 1.9 0 1 1-1.2 0V8.9H6.3c-1.4 0-2.4-1-2.4-2.4v-1a1.9 1.9 0 0 1 .6-3.7z"/>'
);
export const restoreIcon = icon(
  'restore',
  '<path d="M8.6 2.5a5.5 5.5 0 1 1-5.4 6.6h1.3a4.2 4.2 0 1 0 .8-3.5l1.6 1.6H2.7V3l1.6 1.6a5.5 5.5 0 0 1 4.3-2.1z"/><path d="M8 5.2h1.2v2.9l2 1.2-.6 1L8 8.8z"/>'
);
/** A list with its ticks. */
export const recipeIcon = icon(
  'recipe',
  '<path d="M6.5 3h7v1.3h-7zM6.5 7.4h7v1.3h-7zM6.5 11.7h7V13h-7zM2 3.4l.8-.8 1 1L5.6 1.9l.8.8-2.6 2.5zM2 7.8L2.8 7l1 1 1.8-1.7.8.8-2.6 2.5zM2 12.2l.8-.8 1 1 1.8-1.7.8.8-2.6 2.5z"/>'
);
export const asItWasIcon = icon(
  'as-it-was',
  '<path d="M2.5 2.5h11v11h-11zm1.2 1.2v8.6h3.7V3.7zm4.9 0v8.6h3.7V3.7z"/>'
);
export const compareIcon = icon('compare', '<path d="M3 11.5l2.5-5 2.5 3L13 4v1.8L8.2 11.3 5.7 8.4 4.3 11.5zM2 13h12v1H2z"/>');
export const lineageIcon = icon(
  'lineage',
  '<path d="M2 5.5h3.6v1.9h1.1l2.6-3.1V2h4.2v3.6h-3.6L7.8 8l2.1 2.4h3.6V14H9.3v-2.3L6.7 8.6H5.6v1.9H2z"/>'
);
export const labelIcon = icon('label', '<path d="M2.5 3h6.2l4.8 5-4.8 5H2.5zm1.2 1.2v7.6h4.5L11.8 8 8.2 4.2z"/><circle cx="5.6" cy="8" r="1.1"/>');
export const keepIcon = icon('keep', '<path d="M4 2.5h8v11.2L8 10.9l-4 2.8zm1.2 1.2v7.7L8 9.5l2.8 1.9V3.7z"/>');
