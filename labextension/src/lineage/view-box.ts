/** Which part of a drawing is seen, moved and zoomed. Pure; drawing units. */

export interface IView {
  x: number;
  y: number;
  /** Screen pixels a drawing unit. */
  scale: number;
}

export interface IBox {
  width: number;
  height: number;
}

const MIN_SCALE = 0.05;
const MAX_SCALE = 4;
/** Fitted, a small graph is not blown up. */
const MAX_FITTED = 1.25;
const MARGIN = 16;

/** The whole drawing in the middle of the box; with `around`, at a readable scale with that point in the middle. */
export function fitted(drawing: IBox, box: IBox, around?: { x: number; y: number }, readable = 0.6): IView {
  const whole = Math.min(
    (box.width - MARGIN) / Math.max(1, drawing.width),
    (box.height - MARGIN) / Math.max(1, drawing.height),
    MAX_FITTED
  );
  if (around && whole < readable) {
    return { scale: readable, x: around.x - box.width / 2 / readable, y: around.y - box.height / 2 / readable };
  }
  const scale = Math.max(MIN_SCALE, whole);
  return {
    scale,
    x: drawing.width / 2 - box.width / 2 / scale,
    y: drawing.height / 2 - box.height / 2 / scale
  };
}

/** By a distance on the screen. */
export function moved(view: IView, dx: number, dy: number): IView {
  return { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale };
}

/** What lies under the screen point `at` stays under it. */
export function zoomed(view: IView, factor: number, at: { x: number; y: number }): IView {
  const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, view.scale * factor));
  return {
    scale,
    x: view.x + at.x / view.scale - at.x / scale,
    y: view.y + at.y / view.scale - at.y / scale
  };
}

/** `transform` of the drawing's group. */
export function transformText(view: IView): string {
  return `scale(${view.scale}) translate(${-view.x} ${-view.y})`;
}
