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
/** Smaller labels are not read. */
const MIN_READABLE = 0.85;
const MARGIN = 16;

/**
 * The whole drawing in the middle of the box. With `around`, never smaller than can be read: then that point is as near
 * to the middle as it can be without showing emptiness beside the drawing.
 */
export function fitted(drawing: IBox, box: IBox, around?: { x: number; y: number }): IView {
  const whole = Math.min(
    (box.width - MARGIN) / Math.max(1, drawing.width),
    (box.height - MARGIN) / Math.max(1, drawing.height),
    MAX_FITTED
  );
  const scale = Math.max(around ? MIN_READABLE : MIN_SCALE, whole);
  return {
    scale,
    x: placed(drawing.width, box.width / scale, around?.x ?? 0),
    y: placed(drawing.height, box.height / scale, around?.y ?? 0)
  };
}

/** Where the seen stretch begins: in the middle if all fits, else around a point but not beyond the ends. */
function placed(length: number, seen: number, around: number): number {
  const spare = seen - length;
  return spare >= 0 ? -spare / 2 : Math.min(Math.max(around - seen / 2, -MARGIN), MARGIN - spare);
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
